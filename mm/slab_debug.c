/* SPDX-License-Identifier: MIT */
/*
 * Debugging of objects: guard bytes, poison, and who was here.
 *
 * Caches under debugging have no magazines, so every allocation and every free comes
 * through here, and "free" means free in its slab.  The place of an object:
 *
 *   red_left bytes	 red zone (Z)
 *   object_size	 the user's; poison while free (P, without a constructor)
 *   to red_end		 slack up to 8 bytes, and 8 bytes of red zone (Z)
 *   2 tracks		 last allocation, last free (U)
 *   8 bytes		 the call site it is counted for (alloc_profile)
 *   to size		 padding
 *
 * A red zone holds 0xcc while the object is in use and 0xbb while it is free; a free
 * object 0x6b and in its last byte 0xa5; padding 0x5a.  What is found damaged is reported,
 * repaired (so that it is reported once) and used on.
 */
#include <linux/kmsan-checks.h>
#include "mm/alloc_profile.h"
#include "mm/slab.h"

#define RED_INACTIVE 0xbb
#define RED_ACTIVE   0xcc
#define POISON_FREE  0x6b
#define POISON_END   0xa5
#define POISON_PAD   0x5a

#define RED_WORD    8
#define SITE_WORD   8
#define TRACK_CHAIN 5
#define CHAIN_LOOK  14 /* frames that are looked through */

struct slab_track {
	unsigned long ip; /* the call; 0: never happened */
	unsigned long chain[TRACK_CHAIN]; /* its callers, innermost first, 0 at the end */
	u64 when; /* arch_cycles() */
	u32 cpu;
	u32 unused;
};

static bool slab_poisons(const struct kmem_cache *s)
{
	return (s->flags & SLAB_POISON) && !s->ctor;
}

void slab_debug_layout(struct kmem_cache *s)
{
	unsigned int end = ALIGN(s->object_size, 8U);

	if (s->flags & SLAB_RED_ZONE) {
		s->red_left = ALIGN((unsigned int)RED_WORD, s->align);
		end += RED_WORD;
	}
	s->red_end = end;
	if (s->flags & SLAB_STORE_USER)
		end += 2 * sizeof(struct slab_track);
	if (s->flags & SLAB_PROFILE)
		end += SITE_WORD;
	s->size = ALIGN(s->red_left + end, s->align);
}

static struct slab_track *slab_track(const struct kmem_cache *s, const void *obj,
				     bool freed)
{
	return (struct slab_track *)((char *)obj + s->red_end) + freed;
}

static alloc_site_t *slab_site(const struct kmem_cache *s, const void *obj)
{
	unsigned int tracks = s->flags & SLAB_STORE_USER ? 2 * sizeof(struct slab_track)
							 : 0;

	return (alloc_site_t *)((char *)obj + s->red_end + tracks);
}

static u8 *slab_padding(const struct kmem_cache *s, const void *obj)
{
	return (u8 *)slab_site(s, obj) + (s->flags & SLAB_PROFILE ? SITE_WORD : 0);
}

static u8 *slab_place_end(const struct kmem_cache *s, const void *obj)
{
	return (u8 *)obj - s->red_left + s->size;
}

/* --- filling --------------------------------------------------------------------------- */

static void slab_fill_red(const struct kmem_cache *s, void *obj, u8 red)
{
	if (!(s->flags & SLAB_RED_ZONE))
		return;
	memset((u8 *)obj - s->red_left, red, s->red_left);
	memset((u8 *)obj + s->object_size, red, s->red_end - s->object_size);
}

static void slab_fill_poison(const struct kmem_cache *s, void *obj)
{
	if (!slab_poisons(s))
		return;
	memset(obj, POISON_FREE, s->object_size - 1);
	((u8 *)obj)[s->object_size - 1] = POISON_END;
}

void slab_debug_init_slab(struct kmem_cache *s, struct slab *slab)
{
	for (unsigned int i = 0; i < slab->objects; i++) {
		void *obj = slab_object(s, slab, i);
		u8 *padding = slab_padding(s, obj);

		slab_fill_red(s, obj, RED_INACTIVE);
		slab_fill_poison(s, obj);
		if (s->flags & SLAB_STORE_USER)
			memset(slab_track(s, obj, false), 0,
			       2 * sizeof(struct slab_track));
		if (s->flags & SLAB_PROFILE)
			*slab_site(s, obj) = 0;
		memset(padding, POISON_PAD, (size_t)(slab_place_end(s, obj) - padding));
	}
}

/* --- tracks ---------------------------------------------------------------------------- */

void slab_call_chain(unsigned long ip, unsigned long *chain, unsigned int max)
{
	unsigned long pcs[CHAIN_LOOK];
	unsigned int n = platform_backtrace(pcs, CHAIN_LOOK), from = 0;

	for (unsigned int i = 0; i < n; i++)
		if (pcs[i] == ip)
			from = i + 1;
	for (unsigned int i = 0; i < max; i++)
		chain[i] = from && from + i < n ? pcs[from + i] : 0;
}

static void slab_track_set(const struct kmem_cache *s, void *obj, bool freed,
			   unsigned long ip)
{
	struct slab_track *track;

	if (!(s->flags & SLAB_STORE_USER))
		return;
	track = slab_track(s, obj, freed);
	track->ip = ip;
	track->when = arch_cycles();
	track->cpu = arch_cpu_id();
	slab_call_chain(ip, track->chain, TRACK_CHAIN);
}

unsigned long slab_debug_site(const struct kmem_cache *s, const void *obj, bool freed)
{
	return s->flags & SLAB_STORE_USER ? slab_track(s, obj, freed)->ip : 0;
}

static void slab_print_track(const char *what, const struct slab_track *track)
{
	if (!track->ip)
		return;
	pr_err("%s in %pS age=%llu cpu=%u\n", what, (void *)track->ip,
	       (unsigned long long)(arch_cycles() - track->when), track->cpu);
	for (unsigned int i = 0; i < TRACK_CHAIN && track->chain[i]; i++)
		pr_err("    %pS\n", (void *)track->chain[i]);
}

void slab_print_tracks(const struct kmem_cache *s, const void *obj)
{
	if (!(s->flags & SLAB_STORE_USER))
		return;
	slab_print_track("Allocated", slab_track(s, obj, false));
	slab_print_track("Freed", slab_track(s, obj, true));
}

/* --- checking -------------------------------------------------------------------------- */

/* [from, to) holds `expected`; if not, says so under the name `what` and repairs it. */
static bool slab_check_bytes(struct kmem_cache *s, const void *obj, const char *what,
			     u8 *from, u8 *to, u8 expected, unsigned long ip)
{
	u8 *bad = memchr_inv(from, expected, (size_t)(to - from));

	if (likely(!bad))
		return true;
	while (to[-1] == expected)
		to--;
	slab_report_damage(s, obj, what, bad, to, expected, ip);
	memset(bad, expected, (size_t)(to - bad));
	return false;
}

static bool slab_check_red(struct kmem_cache *s, void *obj, u8 red, unsigned long ip)
{
	u8 *p = obj;
	bool ok;

	if (!(s->flags & SLAB_RED_ZONE))
		return true;
	ok = slab_check_bytes(s, obj, "Left Redzone overwritten", p - s->red_left, p, red,
			      ip);
	return slab_check_bytes(s, obj, "Redzone overwritten", p + s->object_size,
				p + s->red_end, red, ip) &&
	       ok;
}

static bool slab_check_poison(struct kmem_cache *s, void *obj, unsigned long ip)
{
	u8 *p = obj, *last = p + s->object_size - 1;
	bool ok;

	if (!slab_poisons(s))
		return true;
	ok = slab_check_bytes(s, obj, "Poison overwritten", p, last, POISON_FREE, ip);
	return slab_check_bytes(s, obj, "Poison overwritten", last, last + 1, POISON_END,
				ip) &&
	       ok;
}

bool slab_debug_check(struct kmem_cache *s, void *obj, bool allocated, unsigned long ip)
{
	bool ok = slab_check_red(s, obj, allocated ? RED_ACTIVE : RED_INACTIVE, ip);

	ok &= slab_check_bytes(s, obj, "Object padding overwritten", slab_padding(s, obj),
			       slab_place_end(s, obj), POISON_PAD, ip);
	if (!allocated)
		ok &= slab_check_poison(s, obj, ip);
	return ok;
}

/* --- the life of an object ------------------------------------------------------------- */

void slab_fill_fresh(const struct kmem_cache *s, void *obj)
{
	if (s->flags & SLAB_UNWRITTEN)
		kmsan_poison_memory(obj, s->object_size, 0);
	if ((s->flags & SLAB_INIT_ALLOC) && !slab_poisons(s))
		memset(obj, 0, s->object_size);
}

void slab_debug_alloc(struct kmem_cache *s, void *obj, unsigned long ip)
{
	slab_debug_check(s, obj, false, ip);
	slab_track_set(s, obj, false, ip);
	slab_fill_red(s, obj, RED_ACTIVE);
	slab_fill_fresh(s, obj);
	if (s->flags & SLAB_PROFILE)
		*slab_site(s, obj) = alloc_site_charge(ip, s->object_size);
}

bool slab_debug_free(struct kmem_cache *s, void *obj, unsigned long ip)
{
	struct slab *slab = slab_of(obj);
	int index = slab_index(s, slab, obj);

	if (index < 0) {
		slab_report_invalid(s, obj, ip);
		return false;
	}
	if (slab_object_free(slab, (unsigned int)index)) {
		slab_report_double(s, obj, ip);
		return false;
	}
	slab_debug_check(s, obj, true, ip);
	slab_track_set(s, obj, true, ip);
	slab_fill_red(s, obj, RED_INACTIVE);
	slab_fill_poison(s, obj);
	if ((s->flags & SLAB_INIT_FREE) && !slab_poisons(s))
		memset(obj, 0, s->object_size);
	if (s->flags & SLAB_PROFILE) {
		alloc_site_release(*slab_site(s, obj), s->object_size);
		*slab_site(s, obj) = 0;
	}
	return true;
}
