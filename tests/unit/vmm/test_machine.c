/* SPDX-License-Identifier: MIT */
/*
 * A whole machine on /dev/kvm: paused and resumed at any moment, its state taken and given
 * back, reset, and built in vain, with nothing lost and nothing left.
 */
#include <dirent.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include <abi/platform.h>

#include "tests/unit/vmm/test_elf.h"
#include "tests/unit/vmm/vmm_test.h"
#include "vmm/machine/machine.h"
#include "vmm/kvm/vcpu_state.h"

#define COUNTER_GPA  0x300000
#define SCRATCH_PORT (PV_COM1_PORT + 7)

/*
 * Counts; sends each count to COM1's scratch register and back, stores it when it came back
 * right, and else ends with code 7.
 */
static const uint8_t counting_code[] = {
	0x31, 0xc9, /*			   xor %ecx, %ecx */
	0x41, /*			1: inc %ecx */
	0x88, 0xc8, /*			   mov %cl, %al */
	0x66, 0xba, 0xff, 0x03, /*	   mov $0x3ff, %dx */
	0xee, /*			   out %al, %dx */
	0x31, 0xc0, /*			   xor %eax, %eax */
	0xec, /*			   in %dx, %al */
	0x38, 0xc8, /*			   cmp %cl, %al */
	0x75, 0x08, /*			   jne 2f */
	0x89, 0x0d, 0x00, 0x00, 0x30, 0x00, /* mov %ecx, COUNTER_GPA */
	0xeb, 0xe9, /*			   jmp 1b */
	0x66, 0xba, 0x01, 0x05, /*	2: mov $0x501, %dx */
	0xb0, 0x07, /*			   mov $7, %al */
	0xee, /*			   out %al, %dx */
	0xf4, /*			   hlt */
};

static struct test_file kernel_file;

static int make_kernel(void **state)
{
	struct test_elf elf;

	(void)state;
	test_elf_init(&elf);
	memcpy(elf.payload, counting_code, sizeof(counting_code));
	elf.note.entry = (uint32_t)TEST_ELF_GPA;
	test_file_make(&kernel_file, &elf, sizeof(elf));
	return 0;
}

static int close_kernel(void **state)
{
	(void)state;
	test_file_close(&kernel_file);
	return 0;
}

static void config_init(struct machine_config *config, unsigned int cpus)
{
	machine_config_init(config);
	config->mem_size = 16ull << 20;
	config->cpus = cpus;
	config->kernel = kernel_file.path;
	config->console.kind = CONSOLE_NONE;
	config->sandbox = false; /* would last for the whole program */
}

static struct machine *make_machine_as(const struct machine_config *config)
{
	struct error err = { "" };
	struct machine *m = NULL;

	need_kvm();
	if (machine_create(&m, config, &err))
		fail_msg("%s", err.text);
	return m;
}

static struct machine *make_machine(unsigned int cpus)
{
	struct machine_config config;

	config_init(&config, cpus);
	return make_machine_as(&config);
}

static uint32_t counter(const struct machine *m)
{
	return __atomic_load_n((uint32_t *)ram_at(&m->mem.ram, COUNTER_GPA, 4),
			       __ATOMIC_RELAXED);
}

static void nap(void)
{
	static const struct timespec ms = { .tv_nsec = 1000000 };

	nanosleep(&ms, NULL);
}

/* The counter moves beyond what it was. */
static void assert_runs(const struct machine *m)
{
	uint32_t before = counter(m);
	unsigned int i;

	for (i = 0; i < 5000 && counter(m) == before; i++)
		nap();
	assert_int_not_equal(counter(m), before);
	assert_int_equal(m->outcome.reason, END_NONE);
}

static void assert_stands(const struct machine *m)
{
	uint32_t before = counter(m);

	nap();
	nap();
	assert_int_equal(counter(m), before);
}

static void it_waits_until_it_is_let_go(void **state)
{
	struct machine *m = make_machine(1);

	(void)state;
	assert_int_equal(counter(m), 0);
	assert_stands(m);
	machine_resume(m);
	assert_runs(m);
	machine_destroy(m);
}

static void a_vcpu_that_is_held_stands_while_the_machine_runs(void **state)
{
	struct machine *m = make_machine(2);

	(void)state;
	machine_resume(m);
	assert_runs(m);
	machine_pause(m);
	atomic_store(&m->vm.vcpus[0].held, true);
	machine_resume(m);
	assert_stands(m);
	machine_pause(m); /* it is parked, and counts as that */
	atomic_store(&m->vm.vcpus[0].held, false);
	machine_resume(m);
	assert_runs(m);
	machine_pause(m);
	atomic_store(&m->vm.vcpus[0].held, true);
	machine_resume(m);
	machine_destroy(m); /* it ends all the same */
}

/* Each holder lets go of its own. */
static void it_runs_when_nobody_holds_it(void **state)
{
	struct machine *m = make_machine(1);

	(void)state;
	machine_resume(m);
	assert_runs(m);
	machine_hold(m, MACHINE_HELD_BY_CONTROL);
	machine_hold(m, MACHINE_HELD_BY_DEBUGGER);
	machine_hold(m, MACHINE_HELD_BY_DEBUGGER);
	assert_stands(m);
	machine_let_go(m, MACHINE_HELD_BY_CONTROL);
	assert_stands(m);
	machine_let_go(m, MACHINE_HELD_BY_DEBUGGER);
	assert_runs(m);
	machine_let_go(m, MACHINE_HELD_BY_DEBUGGER);
	assert_runs(m);
	machine_destroy(m);
}

static void paused_it_stands_and_then_goes_on(void **state)
{
	struct machine *m = make_machine(4);
	unsigned int i;

	(void)state;
	for (i = 0; i < 50; i++) {
		machine_resume(m);
		if (i % 2)
			assert_runs(m);
		machine_pause(m);
		assert_stands(m);
		if (i % 3 == 0)
			machine_pause(m); /* twice is once */
	}
	machine_destroy(m);
}

/* The devices on PCI: how many, and how many of them are behind the IOMMU. */
static void count_devices(const struct machine *m, unsigned int *all,
			  unsigned int *behind)
{
	unsigned int i;

	*all = *behind = 0;
	for (i = 0; i < PCI_MAX_DEVFN; i++) {
		*all += m->pci.dev[i] != NULL;
		*behind += m->pci.dev[i] && m->pci.dev[i]->dma.translator;
	}
}

/* It has its own slot, every device has its usual one and is behind it, also after a
 * reset. */
static void all_devices_are_behind_an_iommu(void **state)
{
	struct machine *m = make_machine(1);
	struct machine_config config;
	unsigned int plain, all, behind;
	struct error err = { "" };

	(void)state;
	count_devices(m, &plain, &behind);
	assert_int_equal(behind, 0);
	assert_null(m->pci.dev[PCI_DEVFN(PV_IOMMU_SLOT, 0)]);
	machine_destroy(m);
	config_init(&config, 1);
	config.iommu = true;
	config.edu_bits = 20;
	m = make_machine_as(&config);
	count_devices(m, &all, &behind);
	assert_int_equal(all, plain + 2);
	assert_int_equal(behind, all - 2); /* but for the host bridge and itself */
	assert_string_equal(m->pci.dev[PCI_DEVFN(PV_IOMMU_SLOT, 0)]->device.name,
			    "iommu0");
	assert_string_equal(m->pci.dev[PCI_DEVFN(plain + 1, 0)]->device.name, "edu0");
	assert_int_equal(machine_reset(m, &err), 0);
	machine_resume(m);
	assert_runs(m);
	count_devices(m, &all, &behind);
	assert_int_equal(behind, all - 2);
	machine_destroy(m);
}

/* Taken and given back in the middle of whatever it did: no access is lost or done twice. */
/* The guest's TSC counts from the host's, plus this. */
static bool tsc_offset(const struct machine *m, unsigned int cpu, uint64_t *offset)
{
	struct kvm_device_attr attr = { .group = KVM_VCPU_TSC_CTRL,
					.attr = KVM_VCPU_TSC_OFFSET,
					.addr = (uint64_t)(uintptr_t)offset };

	return !kvm_get(m->vm.vcpus[cpu].fd, KVM_GET_DEVICE_ATTR, &attr);
}

/* A KVM that emulates instructions takes an offset and ignores it; one whose host has an
 * unstable TSC changes it as it likes. */
static bool keeps_tsc_offset(const struct machine *m, unsigned int cpu)
{
	uint64_t offset, moved;
	struct kvm_device_attr attr = { .group = KVM_VCPU_TSC_CTRL,
					.attr = KVM_VCPU_TSC_OFFSET,
					.addr = (uint64_t)(uintptr_t)&moved };

	if (!tsc_offset(m, cpu, &offset))
		return false;
	moved = offset - 1000;
	return !kvm_set(m->vm.vcpus[cpu].fd, KVM_SET_DEVICE_ATTR, &attr) &&
	       tsc_offset(m, cpu, &moved) && moved == offset - 1000;
}

/* By what the host's counter went on, and on every vCPU by the same. */
static void the_clock_stands_while_paused(void **state)
{
	struct machine *m = make_machine(2);
	uint64_t before[2], after[2], moved, begin;
	bool known;

	(void)state;
	machine_resume(m);
	assert_runs(m);
	machine_pause(m);
	begin = __rdtsc();
	known = keeps_tsc_offset(m, 0) && keeps_tsc_offset(m, 1) &&
		tsc_offset(m, 0, &before[0]) && tsc_offset(m, 1, &before[1]);
	nap();
	moved = __rdtsc() - begin;
	machine_pause(m); /* twice is once: the clock stood all the time */
	machine_resume(m);
	assert_runs(m);
	machine_pause(m);
	if (known) {
		assert_true(tsc_offset(m, 0, &after[0]) && tsc_offset(m, 1, &after[1]));
		assert_true(before[0] - after[0] >= moved);
		assert_int_equal(before[0] - after[0], before[1] - after[1]);
	}
	machine_destroy(m);
	if (!known)
		skip();
}

static void state_taken_while_paused_is_whole(void **state)
{
	struct vcpu_state *saved = malloc(sizeof(*saved));
	struct machine *m = make_machine(1);
	int fd = m->vm.vcpus[0].fd;
	unsigned int i;

	(void)state;
	for (i = 0; i < 800; i++) {
		machine_resume(m);
		if (i % 32 == 0)
			assert_runs(m);
		machine_pause(m);
		assert_int_equal(vcpu_state_get(m->kvm.dev_fd, fd, saved), 0);
		assert_true(saved->regs.rip >= TEST_ELF_GPA &&
			    saved->regs.rip < TEST_ELF_GPA + sizeof(counting_code));
		assert_int_equal(vcpu_state_set(fd, saved), 0);
	}
	machine_resume(m);
	assert_runs(m);
	machine_destroy(m);
	free(saved);
}

/* Back to an earlier moment: the guest counts on from there. */
static void state_can_be_given_back_later(void **state)
{
	struct vcpu_state *saved = malloc(sizeof(*saved));
	struct machine *m = make_machine(1);
	int fd = m->vm.vcpus[0].fd;
	uint64_t scratch;
	uint32_t then;

	(void)state;
	machine_resume(m);
	assert_runs(m);
	machine_pause(m);
	then = counter(m);
	assert_int_equal(vcpu_state_get(m->kvm.dev_fd, fd, saved), 0);
	assert_true(bus_read(&m->pio, SCRATCH_PORT, 1, &scratch));
	machine_resume(m);
	while (counter(m) < then + 1000)
		assert_runs(m);
	machine_pause(m);
	assert_int_equal(vcpu_state_set(fd, saved), 0);
	assert_true(bus_write(&m->pio, SCRATCH_PORT, 1, scratch));
	*(uint32_t *)ram_at(&m->mem.ram, COUNTER_GPA, 4) = 0;
	machine_resume(m);
	assert_runs(m);
	assert_true(counter(m) >= then && counter(m) < then + 1000);
	machine_destroy(m);
	free(saved);
}

static void reset_starts_from_the_beginning(void **state)
{
	struct machine *m = make_machine(2);
	uint8_t *dirt = ram_at(&m->mem.ram, 0x800000, 1);
	struct error err = { "" };
	unsigned int i;

	(void)state;
	machine_resume(m);
	for (i = 0; i < 10; i++) {
		assert_runs(m);
		*dirt = 1;
		machine_pause(m);
		assert_int_equal(machine_reset(m, &err), 0);
		assert_int_equal(counter(m), 0);
		assert_int_equal(*dirt, 0);
		assert_stands(m); /* still paused */
		machine_resume(m);
	}
	assert_runs(m);
	assert_int_equal(machine_reset(m, &err), 0);
	assert_runs(m); /* not paused: it goes on at once */
	assert_int_equal(m->resets, 11);
	machine_destroy(m);
}

#define LAPIC_SVR 0xf0
#define MSR_LSTAR 0xc0000082u

static void switch_lapic_on(const struct machine *m)
{
	struct kvm_lapic_state lapic;
	uint32_t svr = 0x1ff;

	assert_int_equal(kvm_get(m->vm.vcpus[0].fd, KVM_GET_LAPIC, &lapic), 0);
	memcpy(lapic.regs + LAPIC_SVR, &svr, sizeof(svr));
	assert_int_equal(kvm_set(m->vm.vcpus[0].fd, KVM_SET_LAPIC, &lapic), 0);
}

/* What a kernel sets up and the next one must not find. */
static void leave_traces(const struct machine *m, unsigned int cpu)
{
	struct kvm_debugregs debug = { .db = { 0x1234 }, .dr7 = 0x400 };
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry;
	} msr = { .head = { .nmsrs = 1 },
		  .entry = { .index = MSR_LSTAR, .data = 0x5678 } };
	struct kvm_mp_state runnable = { KVM_MP_STATE_RUNNABLE };
	int fd = m->vm.vcpus[cpu].fd;

	assert_int_equal(kvm_set(fd, KVM_SET_DEBUGREGS, &debug), 0);
	assert_int_equal(kvm_set(fd, KVM_SET_MSRS, &msr), 1);
	assert_int_equal(kvm_set(fd, KVM_SET_MP_STATE, &runnable), 0);
}

static void assert_as_made(const struct machine *m, unsigned int cpu)
{
	struct vcpu_state *now = malloc(sizeof(*now));
	const struct vcpu_state *made = m->vm.vcpus[cpu].power_on;
	uint32_t i;

	assert_int_equal(vcpu_state_get(m->kvm.dev_fd, m->vm.vcpus[cpu].fd, now), 0);
	assert_memory_equal(&now->debugregs, &made->debugregs, sizeof(now->debugregs));
	assert_memory_equal(now->lapic.regs + LAPIC_SVR, made->lapic.regs + LAPIC_SVR, 4);
	assert_int_equal(now->mp_state.mp_state, made->mp_state.mp_state);
	for (i = 0; i < now->msrs.head.nmsrs; i++)
		if (now->msrs.entries[i].index == MSR_LSTAR)
			assert_int_equal(now->msrs.entries[i].data, 0);
	free(now);
}

static void reset_leaves_no_traces(void **state)
{
	struct machine *m = make_machine(2);
	struct error err = { "" };

	(void)state;
	switch_lapic_on(m);
	leave_traces(m, 0);
	leave_traces(m, 1);
	assert_int_equal(machine_reset(m, &err), 0);
	assert_runs(m);
	machine_pause(m);
	assert_as_made(m, 0);
	assert_as_made(m, 1);
	machine_destroy(m);
}

/* The vCPU ends on its own reset; a pause meanwhile must not let it go on before it. */
static void resume_leaves_a_wished_reset_to_the_loop(void **state)
{
	struct machine *m = make_machine(1);

	(void)state;
	machine_resume(m);
	assert_runs(m);
	pthread_mutex_lock(&m->lock);
	host_stop(&m->host, HOST_STOP_RESET, 0);
	pthread_mutex_unlock(&m->lock);
	machine_pause(m);
	machine_resume(m);
	assert_stands(m);
	assert_true(m->reset_wanted);
	machine_destroy(m);
}

static void the_first_end_stays(void **state)
{
	static const struct outcome quit = { .reason = END_QUIT };
	struct machine *m = make_machine(1);

	(void)state;
	machine_resume(m);
	pthread_mutex_lock(&m->lock);
	host_stop(&m->host, HOST_STOP_EXIT, 42);
	pthread_mutex_unlock(&m->lock);
	machine_end(m, &quit);
	machine_run(m);
	assert_int_equal(m->outcome.reason, END_EXIT);
	assert_int_equal(m->outcome.code, 42);
	assert_stands(m);
	machine_destroy(m);
}

/* --- interrupts ------------------------------------------------------------------------- */

#define LAPIC_IRR 0x200

static bool is_pending(const struct machine *m, unsigned int vector)
{
	struct kvm_lapic_state lapic;
	uint32_t word;

	assert_int_equal(kvm_get(m->vm.vcpus[0].fd, KVM_GET_LAPIC, &lapic), 0);
	memcpy(&word, lapic.regs + LAPIC_IRR + vector / 32 * 16, sizeof(word));
	return word >> vector % 32 & 1;
}

static bool comes(const struct machine *m, unsigned int vector)
{
	unsigned int i;

	for (i = 0; i < 1000 && !is_pending(m, vector); i++)
		nap();
	return is_pending(m, vector);
}

static void messages_reach_the_lapic(void **state)
{
	struct machine *m = make_machine(1);
	struct msi_msg msg = { .addr = PV_LAPIC_BASE };
	int first;

	(void)state;
	switch_lapic_on(m);
	first = irqs_open(&m->irqs, 3);
	assert_true(first >= 0);
	msg.data = 0x40;
	assert_int_equal(irqs_route(&m->irqs, first, &msg), 0);
	msg.data = 0x50;
	assert_int_equal(irqs_route(&m->irqs, first + 2, &msg), 0);
	irqs_fire(&m->irqs, first + 2);
	assert_true(comes(m, 0x50));
	assert_false(is_pending(m, 0x40));
	irqs_fire(&m->irqs, first);
	assert_true(comes(m, 0x40));
	msg.data = 0x60; /* moved */
	assert_int_equal(irqs_route(&m->irqs, first, &msg), 0);
	irqs_fire(&m->irqs, first);
	assert_true(comes(m, 0x60));
	assert_int_equal(irqs_route(&m->irqs, first, NULL), 0);
	irqs_close(&m->irqs, first, 3);
	assert_int_equal(irqs_open(&m->irqs, 3), first);
	machine_destroy(m);
}

static void handles_run_out_and_come_back(void **state)
{
	struct machine *m = make_machine(1);
	struct irqs *irqs = calloc(1, sizeof(*irqs));
	int handles[IRQ_MESSAGES_MAX], i;

	(void)state;
	assert_int_equal(irqs_init(irqs, &m->kvm), 0);
	for (i = 0; i < IRQ_MESSAGES_MAX / 8; i++)
		handles[i] = irqs_open(irqs, 8);
	assert_int_equal(handles[i - 1], IRQ_MESSAGES_MAX - 8);
	assert_int_equal(irqs_open(irqs, 1), -ENOSPC);
	irqs_close(irqs, handles[3], 8);
	assert_int_equal(irqs_open(irqs, 9), -ENOSPC);
	assert_int_equal(irqs_open(irqs, 8), handles[3]);
	irqs_fini(irqs);
	free(irqs);
	machine_destroy(m);
}

/* --- nothing is left ---------------------------------------------------------------------- */

static unsigned int entries_in(const char *path)
{
	DIR *dir = opendir(path);
	unsigned int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* The host kernel's own helpers in this process may take a moment to go. */
static void assert_nothing_left(unsigned int fds, unsigned int tasks)
{
	unsigned int i;

	assert_int_equal(entries_in("/proc/self/fd"), fds);
	for (i = 0; i < 1000 && entries_in("/proc/self/task") > tasks; i++)
		nap();
	assert_int_equal(entries_in("/proc/self/task"), tasks);
}

static void nothing_is_left_of_a_machine(void **state)
{
	unsigned int fds, tasks, i;
	struct machine *m;

	(void)state;
	need_kvm();
	fds = entries_in("/proc/self/fd");
	tasks = entries_in("/proc/self/task");
	for (i = 0; i < 5; i++) {
		m = make_machine(i + 1);
		if (i % 2)
			machine_resume(m);
		machine_destroy(m);
		assert_nothing_left(fds, tasks);
	}
}

static void nothing_is_left_of_one_that_failed(void **state)
{
	unsigned int fds, tasks, i;
	struct machine_config configs[6];
	struct test_file disk;

	(void)state;
	need_kvm();
	test_file_make(&disk, "", 0);
	fds = entries_in("/proc/self/fd");
	tasks = entries_in("/proc/self/task");
	for (i = 0; i < 6; i++)
		config_init(&configs[i], 1);
	configs[0].kernel = "/nonexistent";
	configs[1].mem_size = 1ull << 20;
	configs[2].cpus = 1u << 20;
	configs[3].initrd = "/nonexistent";
	configs[4].nr_disks = 1;
	configs[4].disks[0].path = disk.path;
	configs[5].mem_size = 900ull << 40;
	for (i = 0; i < 6; i++) {
		struct error err = { "" };
		struct machine *m = NULL;

		assert_true(machine_create(&m, &configs[i], &err) < 0);
		assert_true(err.text[0]);
		assert_null(m);
		assert_nothing_left(fds, tasks);
	}
	test_file_close(&disk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_waits_until_it_is_let_go),
		cmocka_unit_test(a_vcpu_that_is_held_stands_while_the_machine_runs),
		cmocka_unit_test(it_runs_when_nobody_holds_it),
		cmocka_unit_test(paused_it_stands_and_then_goes_on),
		cmocka_unit_test(all_devices_are_behind_an_iommu),
		cmocka_unit_test(the_clock_stands_while_paused),
		cmocka_unit_test(state_taken_while_paused_is_whole),
		cmocka_unit_test(state_can_be_given_back_later),
		cmocka_unit_test(reset_starts_from_the_beginning),
		cmocka_unit_test(reset_leaves_no_traces),
		cmocka_unit_test(resume_leaves_a_wished_reset_to_the_loop),
		cmocka_unit_test(the_first_end_stays),
		cmocka_unit_test(messages_reach_the_lapic),
		cmocka_unit_test(handles_run_out_and_come_back),
		cmocka_unit_test(nothing_is_left_of_a_machine),
		cmocka_unit_test(nothing_is_left_of_one_that_failed),
	};

	return cmocka_run_group_tests_name("vmm machine", tests, make_kernel,
					   close_kernel);
}
