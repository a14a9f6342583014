/* SPDX-License-Identifier: MIT */
/* The description of the kernel, its log, names and clock. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/memstate/memstate_kernel.h"

#define NAME_BYTES_MAX (64u << 20)

int memstate_read_kernel(struct memstate_view *view, struct memstate_kernel *kernel)
{
	struct memstate_kernel new;
	int ret;

	memstate_refresh(view);
	if (!view->map.kernel_va) {
		error_set(&view->err, ENODATA,
			  "memory state: this guest publishes memory only");
		return -ENODATA;
	}
	ret = memstate_read(view, view->map.kernel_va, &new, sizeof(new),
			    "the description of the kernel");
	if (ret)
		return ret;
	if (new.version != MEMSTATE_VERSION || new.size != sizeof(new))
		return memstate_bad(view,
				    "the description of the kernel is version %u of %u "
				    "bytes; known is version %u of %zu",
				    new.version, new.size, MEMSTATE_VERSION, sizeof(new));
	*kernel = new;
	return 0;
}

/* --- the log ------------------------------------------------------------------------------ */

/* Bytes from number `begin` on, in at most two pieces. */
static int copy_log(struct memstate_view *view, const struct memstate_log *d,
		    uint64_t begin, uint64_t n, char *to)
{
	uint64_t at = begin % d->size, first = d->size - at;
	int ret;

	if (first > n)
		first = n;
	ret = memstate_read(view, d->va + at, to, first, "the log");
	return ret ? ret : memstate_read(view, d->va, to + first, n - first, "the log");
}

static void make_text(char *text, uint64_t n)
{
	uint64_t i;

	for (i = 0; i < n; i++)
		if ((text[i] < 0x20 && text[i] != '\n' && text[i] != '\t') ||
		    text[i] == 0x7f)
			text[i] = '?';
	text[n] = '\0';
}

int memstate_read_log(struct memstate_view *view, const struct memstate_kernel *kernel,
		      char **text)
{
	const struct memstate_log *d = &kernel->log;
	uint64_t end, n;
	char *new;
	int ret;

	memstate_refresh(view);
	if (!d->size || d->size > KERNEL_LOG_MAX)
		return memstate_bad(view, "a log of %llu bytes",
				    (unsigned long long)d->size);
	ret = memstate_read_pointer(view, d->end_va, &end, "the log");
	if (ret)
		return ret;
	n = end < d->size ? end : d->size;
	new = malloc(n + 1);
	if (!new)
		return -ENOMEM;
	ret = copy_log(view, d, end - n, n, new);
	if (ret) {
		free(new);
		return ret;
	}
	make_text(new, n);
	*text = new;
	return 0;
}

/* --- names -------------------------------------------------------------------------------- */

struct entry {
	uint32_t offset, name;
};

/* Where the names end: behind the one of the last entry. */
static int copy_names(struct memstate_view *view, const struct memstate_symbols *d,
		      uint32_t size, struct symbols *symbols)
{
	if (size > NAME_BYTES_MAX)
		return memstate_bad(view, "names of %u bytes", size);
	symbols->names = calloc(1, (size_t)size + 1);
	if (!symbols->names)
		return -ENOMEM;
	return memstate_read(view, d->names_va, symbols->names, size, "the names");
}

static int fill_symbols(struct memstate_view *view, const struct entry *entry,
			uint64_t count, struct symbols *symbols)
{
	uint64_t text = view->map.text_start, end, i;

	symbols->symbol = calloc(count + 1, sizeof(*symbols->symbol));
	if (!symbols->symbol)
		return -ENOMEM;
	for (i = 0; i < count; i++) {
		if (entry[i].offset > entry[i + 1].offset ||
		    entry[i].name > entry[count].name ||
		    __builtin_add_overflow(text, entry[i + 1].offset, &end))
			return memstate_bad(view, "names: entry %llu is out of order",
					    (unsigned long long)i);
		if (entry[i].offset == entry[i + 1].offset)
			continue;
		symbols->symbol[symbols->nr++] =
			(struct symbol){ text + entry[i].offset, end,
					 symbols->names + entry[i].name };
	}
	return 0;
}

static int read_table(struct memstate_view *view, const struct memstate_symbols *d,
		      uint64_t count, struct symbols *symbols)
{
	struct entry *entry = calloc(count + 1, sizeof(*entry));
	int ret = entry ? memstate_read(view, d->entries_va, entry,
					(count + 1) * sizeof(*entry), "the names")
			: -ENOMEM;

	if (!ret)
		ret = copy_names(view, d, entry[count].name, symbols);
	if (!ret)
		ret = fill_symbols(view, entry, count, symbols);
	free(entry);
	return ret;
}

int memstate_read_symbols(struct memstate_view *view,
			  const struct memstate_kernel *kernel, struct symbols *symbols)
{
	const struct memstate_symbols *d = &kernel->symbols;
	struct symbols new = { 0 };
	uint64_t count;
	int ret;

	memstate_refresh(view);
	if (!d->count_va) {
		error_set(&view->err, ENODATA, "memory state: the kernel has no names");
		return -ENODATA;
	}
	ret = memstate_read_pointer(view, d->count_va, &count, "the names");
	if (!ret && count > KERNEL_SYMBOLS_MAX)
		ret = memstate_bad(view, "%llu names", (unsigned long long)count);
	if (!ret)
		ret = read_table(view, d, count, &new);
	if (ret) {
		symbols_free(&new);
		return ret;
	}
	symbols_free(symbols);
	*symbols = new;
	return 0;
}

/* --- time --------------------------------------------------------------------------------- */

uint64_t memstate_since_boot(struct memstate_view *view,
			     const struct memstate_kernel *kernel, uint64_t tsc)
{
	const struct memstate_clock *d = &kernel->clock;
	uint64_t base = 0;
	uint32_t khz = 0;

	if (!tsc || !d->khz_va ||
	    memstate_read_pointer(view, d->base_va, &base, "the clock") ||
	    memstate_read(view, d->khz_va, &khz, sizeof(khz), "the clock") || !khz ||
	    tsc < base)
		return 0;
	return (uint64_t)((unsigned __int128)(tsc - base) * 1000000 / khz);
}
