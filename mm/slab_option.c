/* SPDX-License-Identifier: MIT */
/*
 * slub_debug=: which caches are debugged, and how.  As in Linux:
 *
 *   slub_debug			every check, every cache
 *   slub_debug=ZP		red zones and poison, every cache
 *   slub_debug=U,dentry,kmalloc-*	call sites, these caches
 *   slub_debug=FZ;P,kmalloc-64	blocks apart by ';': the last that names a cache wins
 *   slub_debug=-		nothing
 */
#include "mm/slab.h"
#include "mm/slab_info.h"

#define OPTION_MAX 256

static char option[OPTION_MAX]; /* "-" or empty: no debugging is asked for */

/* The flags of the letters up to ',', ';' or the end, where *str is left.  False: *str is
 * left at an unknown letter. */
static bool option_letters(const char **str, slab_flags_t *flags)
{
	const char *p = *str;

	*flags = 0;
	for (; *p && *p != ',' && *p != ';'; p++) {
		switch (*p | 0x20) {
		case 'f':
			*flags |= SLAB_CONSISTENCY_CHECKS;
			break;
		case 'z':
			*flags |= SLAB_RED_ZONE;
			break;
		case 'p':
			*flags |= SLAB_POISON;
			break;
		case 'u':
			*flags |= SLAB_STORE_USER;
			break;
		case '-' | 0x20:
			break;
		default:
			*str = p;
			return false;
		}
	}
	if (p == *str)
		*flags = SLAB_DEBUG_FLAGS;
	*str = p;
	return true;
}

static size_t option_word(const char *p)
{
	size_t n = 0;

	while (p[n] && p[n] != ',' && p[n] != ';')
		n++;
	return n;
}

static bool option_matches(const char *word, size_t n, const char *name)
{
	if (n && word[n - 1] == '*')
		return !strncmp(word, name, n - 1);
	return !strncmp(word, name, n) && !name[n];
}

/* Is `name` in the list ",a,b" at *p, or is there no list?  Leaves *p behind the block. */
static bool option_names(const char **p, const char *name)
{
	bool found = **p != ',';

	while (**p == ',') {
		size_t n = option_word(++*p);

		found |= option_matches(*p, n, name);
		*p += n;
	}
	return found;
}

int slab_debug_setup(const char *str)
{
	slab_flags_t flags;
	const char *p = str ? str : "";

	if (strscpy(option, str && *str ? str : "FZPU", sizeof(option)) < 0) {
		pr_err("slub_debug: longer than %u characters\n", OPTION_MAX - 1);
		option[0] = '\0';
		return -EINVAL;
	}
	for (;; p++) {
		if (!option_letters(&p, &flags)) {
			pr_err("slub_debug=%s: '%c' is none of F, Z, P, U\n", str, *p);
			option[0] = '\0';
			return -EINVAL;
		}
		option_names(&p, "");
		if (!*p)
			return 0;
	}
}

slab_flags_t slab_debug_flags(const char *name, slab_flags_t flags)
{
	const char *p = option;
	slab_flags_t wanted = 0, block;

	if (!*p || (flags & SLAB_INTERNAL))
		return flags;
	for (;; p++) {
		option_letters(&p, &block);
		if (option_names(&p, name))
			wanted = block;
		if (!*p)
			return flags | wanted;
	}
}

void slab_option_reset(void)
{
	option[0] = '\0';
}
