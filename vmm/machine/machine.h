/* SPDX-License-Identifier: MIT */
/*
 * A whole virtual machine, built from a struct machine_config.
 *
 * Threads: the main thread runs the event loop (devices' files, console, signals); each
 * vCPU has its own and reaches devices through the two buses.  One lock, `lock`, protects
 * the device world, as devices/host.h wants.  Order: lock, then the VM's own.
 *
 * What a vCPU wants of the whole machine (end, reset) it cannot do itself: it notes the
 * wish, holds itself, and wakes the main thread, which does it.
 */
#ifndef VMM_MACHINE_H
#define VMM_MACHINE_H

#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "devices/blk/block_backend.h"
#include "devices/bus.h"
#include "devices/device.h"
#include "devices/host.h"
#include "devices/legacy/legacy.h"
#include "devices/pci/pci.h"
#include "devices/legacy/serial.h"
#include "devices/balloon/virtio_balloon.h"
#include "devices/virtio_console.h"
#include "vmm/boot/boot.h"
#include "vmm/kvm/clock.h"
#include "vmm/machine/config.h"
#include "vmm/machine/console.h"
#include "vmm/machine/control.h"
#include "vmm/dma_check/dma_check.h"
#include "vmm/inspect/facts.h"
#include "vmm/kvm/irq.h"
#include "vmm/kvm/kvm.h"
#include "vmm/machine/loop.h"
#include "vmm/machine/sweep.h"
#include "vmm/kvm/memory.h"
#include "vmm/profile/profile.h"
#include "vmm/report/outcome.h"
#include "vmm/sandbox/sandbox.h"
#include "vmm/trace/trace_drain.h"
#include "vmm/util/symbols.h"
#include "vmm/kvm/vm.h"

struct machine {
	struct host host; /* what its devices see of it */
	struct machine_config config;
	struct boot boot;
	struct guest_memory mem;
	struct kvm kvm;
	struct vm vm;
	struct loop loop;

	pthread_mutex_t lock; /* of all from here to the next blank line */
	struct irqs irqs;
	struct bus pio, mmio;
	struct device_list devices;
	struct pci_host pci;
	struct legacy *legacy;
	struct serial *com1;
	struct virtio_console *vconsole;
	struct console console, second_console;
	struct console_port com1_port, vconsole_port;
	struct block_backend *disks[DISKS_MAX]; /* until their devices have them */
	struct virtio_dev *disk_devices[DISKS_MAX];
	char disk_names[DISKS_MAX][16];
	struct machine_disk_error {
		struct machine *m;
		bool reading;
		bool told; /* whoever listens was */
		int error; /* a request of this disk waits; 0: none does */
		/* The last that a driver got and nobody else did, of writes, of reads. */
		int reported[2];
	} disk_errors[DISKS_MAX];
	uint64_t disk_sizes[DISKS_MAX]; /* bytes */
	struct virtio_dev *iommu; /* NULL: none */
	struct virtio_balloon *balloon; /* NULL: none */
	struct dma_checker *dma_checker; /* NULL: off */
	struct symbols dma_symbols; /* of the kernel, for it */
	struct bus_range dma_check_port;
	uint64_t reports; /* what devices said, said aloud or not */
	struct sandbox *sandbox; /* NULL: off */
	struct sweep sweep; /* removes the sockets and other files in the end */
	bool closing; /* the VM goes away as a whole: what belongs to it need not be undone */

	pthread_mutex_t outcome_lock;
	struct outcome outcome; /* the first that came; under outcome_lock */
	atomic_bool ended; /* outcome is there */
	atomic_bool reset_wanted;
	atomic_bool balloon_changed;
	atomic_bool disk_waits, disk_reported; /* one of disk_errors is new */
	atomic_bool panic_told; /* by a guest that goes on: nobody was told yet */
	/* Of the main thread only, to the next blank line. */
	bool paused; /* by machine_pause(), or from the beginning */
	unsigned int holders; /* MACHINE_HELD_*: while there are any it is paused */
	bool started; /* machine_resume() was called */
	bool disk_failed; /* it was paused for that */
	struct vm_clock clock;
	unsigned int resets; /* done */
	struct outcome over; /* how the guest ended while the machine stays for it */
	bool over_failed; /* a panic of it counts as a shutdown */
	struct control control;
	struct qmp_server *qmp; /* NULL: nobody can ask */
	struct guest_facts facts; /* for who looks at it from outside */
	struct profile *profile; /* NULL: none is made */
	struct machine_gdb *gdb; /* NULL: no debugger can come */
	int core_fd; /* of config.panic_core; -1: none */
	bool core_written; /* in this life of the guest */
	struct trace_drain trace;
	int pagemap_fd; /* of this process, for dumps; -1: none */

	int wake_fd; /* eventfd: ended or reset_wanted changed */
	int hurry_fd; /* eventfd, never read: somebody outside wants the end now */
	int signal_fd;
	struct host_watch wake_watch, signal_watch;
};

/* Builds it, vCPUs parked at the kernel's entry.  0, or a negative errno with the line in
 * err and nothing left behind.  Once a process: it takes over signals. */
int machine_create(struct machine **out, const struct machine_config *config,
		   struct error *err);
void machine_destroy(struct machine *m);

/* Starts the guest and runs the event loop until the machine has ended; outcome tells how.
 * vCPUs and devices are stopped then, and can still be asked. */
void machine_run(struct machine *m);
/* Nothing may run any more: a wish for the end is there, or the guest is over. */
bool machine_is_over(const struct machine *m);

/* Asks for the end, from any thread; the first reason stays. */
void machine_end(struct machine *m, const struct outcome *outcome);

/*
 * Main thread, without the lock.  Paused, no vCPU executes, no device touches guest memory,
 * and what was in flight is done; the machine can be looked at, saved, or reset.
 */
void machine_pause(struct machine *m);
void machine_resume(struct machine *m);
/*
 * The same for those who stop it from outside, each for itself: it runs when nobody holds it.
 * Whoever listens is told.  A guest that is over does not go on.
 */
#define MACHINE_HELD_BY_CONTROL	 1u
#define MACHINE_HELD_BY_DEBUGGER 2u
void machine_hold(struct machine *m, unsigned int holder);
void machine_let_go(struct machine *m, unsigned int holder);
/* Starts the guest again from the beginning, also one that is over; stays paused if it was. */
int machine_reset(struct machine *m, struct error *err);

/* machine_devices.c: the devices, in the order they stand on the bus. */
int machine_open_disks(struct machine *m, struct error *err);
int machine_add_devices(struct machine *m, struct error *err);
void machine_close_disks(struct machine *m);
/* Main thread: a disk has said that a request waits; the machine is paused for it. */
void machine_pause_for_disk(struct machine *m);
void machine_tell_disk_reports(struct machine *m);
/* What waited is tried again from now on. */
void machine_forget_disk_errors(struct machine *m);

/* machine_dma_check.c: the checker of config.dma_check, over all devices that there are. */
unsigned int machine_dma_check_told(const struct machine_config *config); /* PV_CPUID_* */
int machine_add_dma_check(struct machine *m, struct error *err);
void machine_end_dma_check(struct machine *m);

/* control_machine.c: the machine's side of control.h, and its QMP server. */
int machine_add_control(struct machine *m, struct error *err);
void machine_end_control(struct machine *m);
/* Tells whoever listens. */
void machine_tell(struct machine *m, enum control_event_kind kind);
void machine_tell_cause(struct machine *m, enum control_event_kind kind,
			enum control_cause cause);
/* That the guest's kernel panicked, and goes on as it likes. */
void machine_tell_panic(struct machine *m);
/* That the guest, or the machine, came to this end. */
void machine_tell_end(struct machine *m, const struct outcome *outcome);

/* machine_facts.c: what a reader of its memory has to know, made when all is in place, and put
 * into the run-time directory where the machine has a name. */
void machine_make_facts(struct machine *m);
void machine_end_facts(struct machine *m);

/* machine_gdb.c: a debugger may come, config.gdb says where to. */
int machine_add_gdb(struct machine *m, struct error *err);
void machine_end_gdb(struct machine *m);
/* As vm_ops.trap; machine_gdb_points.c. */
bool machine_gdb_trap(struct machine *m, struct vcpu *vcpu);
/* A vCPU has stopped for it, and holds the others. */
bool machine_gdb_stops(const struct machine *m);
/* RAM is that of a new guest, which stands. */
void machine_gdb_restarted(struct machine *m);

/* machine_core.c: cores.  The vCPUs stand. */
int machine_open_core(struct machine *m, struct error *err);
void machine_close_core(struct machine *m);
struct dump_cpu;
int machine_read_cpu(const struct machine *m, unsigned int i, struct dump_cpu *cpu);
int machine_dump(struct machine *m, const struct control_dump *how, struct error *err);
/* The guest came to this end: a core where one is wanted of it. */
void machine_core_of_panic(struct machine *m, const struct outcome *outcome);

/* machine_profile.c: a profile of its guest, where config.profile_hz wants one.  Made before
 * there are vCPUs. */
int machine_add_profile(struct machine *m, struct error *err);
/* When it has ended, after run_us microseconds: folded stacks to fd, and for the report, into
 * *json.  0 or a negative errno. */
int machine_write_profile(struct machine *m, uint64_t run_us, int fd, json_t **json);

/* machine_sandbox.c: the confinement of config.sandbox.  Made when the disks are open and
 * before there are vCPUs. */
int machine_add_sandbox(struct machine *m, struct error *err);
/* The calling thread is confined.  0 or a negative errno. */
int machine_confine(const struct machine *m, enum sandbox_thread thread,
		    const char *name);
/* Ends the machine if a thread made a forbidden call. */
void machine_check_sandbox(struct machine *m);

/* machine_host.c: what devices and vCPUs ask of the machine. */
extern const struct host_ops machine_host_ops;
extern const struct vm_ops machine_vm_ops;

#endif
