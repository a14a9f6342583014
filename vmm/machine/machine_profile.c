/* SPDX-License-Identifier: MIT */
/* A profile of a machine's guest, and what it comes to. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/kvm/kvm_stats.h"
#include "vmm/machine/machine.h"
#include "vmm/profile/profile_folded.h"
#include "vmm/util/log.h"

int machine_add_profile(struct machine *m, struct error *err)
{
	if (!m->config.profile_hz)
		return 0;
	m->profile = profile_create(m->config.cpus, m->config.profile_hz);
	return m->profile ? 0 : error_set(err, ENOMEM, "--profile: no memory");
}

struct halted {
	bool known;
	uint64_t ns;
};

static void take_halted(void *arg, const char *name, uint64_t value)
{
	struct halted *halted = arg;

	if (strcmp(name, "halt_wait_ns") != 0)
		return;
	halted->known = true;
	halted->ns = value;
}

/* How many samples a vCPU was halted for: as KVM counted, or else what is missing of the run,
 * in which the host may have kept it waiting as well. */
static uint64_t idle_samples(const struct machine *m, unsigned int i, uint64_t run_us)
{
	const struct profile_cpu *cpu = &m->profile->cpu[i];
	struct halted halted = { .known = false };
	uint64_t all = run_us * m->profile->hz / 1000000,
		 taken = cpu->samples + cpu->lost;

	kvm_stats_read(m->vm.vcpus[i].fd, take_halted, &halted);
	if (halted.known)
		return halted.ns / 1000 * m->profile->hz / 1000000;
	return all > taken ? all - taken : 0;
}

static void say_totals(const struct profile *p, const uint64_t *idle)
{
	uint64_t samples = 0, halted = 0, lost = 0, cut = 0;
	unsigned int i;

	for (i = 0; i < p->cpus; i++) {
		samples += p->cpu[i].samples;
		halted += idle[i];
		lost += p->cpu[i].lost;
		cut += p->cpu[i].cut;
	}
	log_line(
		"profile: %llu samples, %llu idle, %llu lost, %llu with a call chain that "
		"does not come to its end",
		(unsigned long long)samples, (unsigned long long)halted,
		(unsigned long long)lost, (unsigned long long)cut);
}

int machine_write_profile(struct machine *m, uint64_t run_us, int fd, json_t **json)
{
	uint64_t *idle = calloc(m->profile->cpus, sizeof(*idle));
	struct folded folded = { .nr = 0 };
	struct symbols symbols;
	unsigned int i;
	int ret = idle ? 0 : -ENOMEM;

	for (i = 0; !ret && i < m->profile->cpus; i++)
		idle[i] = idle_samples(m, i, run_us);
	if (symbols_read(&symbols, m->boot.kernel.fd))
		log_line("profile: the kernel's symbols cannot be read: it has no names");
	if (!ret)
		ret = folded_make(&folded, m->profile, &symbols, idle);
	if (!ret) {
		say_totals(m->profile, idle);
		ret = folded_write(&folded, fd);
		*json = folded_json(&folded, m->profile, idle);
	}
	folded_free(&folded);
	symbols_free(&symbols);
	free(idle);
	return ret;
}
