/* SPDX-License-Identifier: MIT */
/* The hostile guest: every device through every case, one KTAP line each. */
#include <abi/pvh.h>

#include "tests/hostile/hostile.h"

#define SLOTS	 32u
#define BREAK_MS 5000u /* until a device has noticed */
#define ANY_MS	 5u

#define APIC_ENABLE 0x100u

static unsigned int line, passed, failed, skipped;

void main(const struct pvh_start_info *info);

static void verdict(const struct device *d, const char *device, const char *name, bool ok)
{
	line++;
	passed += ok;
	failed += !ok;
	say("%sok %u hostile.%s%u.%s\n", ok ? "" : "not ", (uint64_t)line, device,
	    (uint64_t)PCI_SLOT(d->devfn), name);
}

/* Waits for what is to be seen; how many completions came, and the length of the last. */
static unsigned int wait_for(struct attack *a, enum expect expect, uint32_t *used_len)
{
	uint64_t end = now_ms() + (expect == EXPECT_ANY ? ANY_MS : BREAK_MS);
	struct vring_used_elem e;
	unsigned int n = 0;

	while (now_ms() < end) {
		while (take_used(a->d, &e)) {
			*used_len = e.len;
			n++;
		}
		if (expect != EXPECT_ANY && (n || device_broken(a->d)))
			break;
	}
	return n;
}

static bool as_expected(struct attack *a, enum expect expect)
{
	uint32_t used_len = 0;
	unsigned int n = wait_for(a, expect, &used_len);
	bool broken = device_broken(a->d);
	bool good = n && a->t->succeeded(a->seg, a->n, used_len);

	if (n > a->offered) {
		say("# %u completions of %u\n", (uint64_t)n, (uint64_t)a->offered);
		return false;
	}
	switch (expect) {
	case EXPECT_BROKEN:
		return broken && !n;
	case EXPECT_ERROR:
		return broken || (n && (!good || !a->t->has_status));
	case EXPECT_GOOD:
		return good && !broken;
	default:
		return true;
	}
}

static void run_case(struct device *d, const struct target *t,
		     const struct attack_case *c)
{
	struct attack a = { .d = d, .t = t, .offered = 1 };
	bool ok;

	d->queue = t->queue;
	if (!device_start(d, c->without)) {
		verdict(d, t->name, c->name, false);
		return;
	}
	a.scratch = arena_get(SCRATCH, 16);
	a.n = t->request(d, a.seg);
	watch_allow((uint64_t)d->used, VRING_USED_BYTES(QUEUE_SIZE));
	if (!c->spoil(&a)) {
		skipped++;
		say("ok %u hostile.%s.%s # SKIP does not apply\n", (uint64_t)++line,
		    t->name, c->name);
		return;
	}
	if (!a.watched)
		watch_start();
	kick(d);
	ok = as_expected(&a, c->expect) && !a.failed;
	device_reset(d);
	ok = watch_ok(c->name) && ok;
	if (!works(d, t)) {
		say("# it does not work after a reset\n");
		ok = false;
	}
	verdict(d, t->name, c->name, ok);
}

static void run_all(struct device *d, const struct target *t)
{
	for (unsigned int c = 0; c < nr_attack_cases; c++)
		run_case(d, t, &attack_cases[c]);
}

static void run_own(struct device *d)
{
	const struct target *t = target_of(d->id);

	for (unsigned int i = 0; i < nr_own_cases; i++) {
		bool ok;

		if (own_cases[i].id != d->id)
			continue;
		if (t)
			d->queue = t->queue;
		ok = !t || device_start(d, 0);
		ok = ok && own_cases[i].run(d);
		ok = ok && (!t || works(d, t));
		verdict(d, t ? t->name : "edu", own_cases[i].name, ok);
	}
}

/* The first of each kind goes through all cases, the others through their own. */
static bool seen_before(unsigned int id)
{
	static uint64_t seen[4];
	bool before = seen[id / 64 % 4] >> id % 64 & 1;

	seen[id / 64 % 4] |= 1ull << id % 64;
	return before;
}

static void find_ram(const struct pvh_start_info *info)
{
	const struct pvh_memmap *map = (const void *)info->memmap_paddr;

	for (unsigned int i = 0; i < info->memmap_entries; i++) {
		uint64_t end = map[i].addr + map[i].size;

		if (map[i].type == PVH_MEM_RAM && end <= PV_RAM_HIGH_BASE &&
		    end > ram_end)
			ram_end = end;
	}
}

/* Messages of devices arrive, even if nobody takes them. */
static void enable_apic(void)
{
	const uint64_t spurious = PV_LAPIC_BASE + 0xf0;

	reg_write(spurious, 4, reg_read(spurious, 4) | APIC_ENABLE);
}

void main(const struct pvh_start_info *info)
{
	const char *command = (const char *)info->cmdline_paddr;
	struct device devices[SLOTS];
	unsigned int n = 0;

	find_ram(info);
	enable_apic();
	for (unsigned int slot = 1; slot < SLOTS; slot++)
		n += device_find(&devices[n], PCI_DEVFN(slot, 0));
	if (command && *command == 's')
		storm(devices, n);
	say("KTAP version 1\n");
	for (unsigned int i = 0; i < n; i++) {
		const struct target *t = target_of(devices[i].id);

		if (t && !seen_before(t->id))
			run_all(&devices[i], t);
		run_own(&devices[i]);
	}
	for (unsigned int i = 0; i < n; i++)
		if (target_of(devices[i].id))
			verdict(&devices[i], target_of(devices[i].id)->name,
				"in-the-end-it-works",
				works(&devices[i], target_of(devices[i].id)));
	publish_nonsense();
	say("ok %u hostile.published.39 nonsense\n", (uint64_t)++line);
	passed++;
	say("1..%u\n%u passed, %u failed, %u skipped\n", (uint64_t)line, (uint64_t)passed,
	    (uint64_t)failed, (uint64_t)skipped);
	out8(PV_EXIT_PORT, failed || !passed);
}
