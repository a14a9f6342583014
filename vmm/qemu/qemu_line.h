/* SPDX-License-Identifier: MIT */
/*
 * QEMU's command line, the part of it that libvirt writes, as a machine of ours.
 *
 * Options are rows of a table.  A line is read whole before anything is understood; then
 * the rows are gone through in the table's order, and for each the options of its name, so
 * that a device finds the file and the character device it names wherever they stand.
 */
#ifndef VMM_QEMU_LINE_H
#define VMM_QEMU_LINE_H

#include <stdbool.h>

#include "vmm/machine/config.h"
#include "vmm/qemu/qemu_opts.h"

#define QEMU_OPTIONS_MAX  256
#define QEMU_NODES_MAX	  (2 * DISKS_MAX)
#define QEMU_CHARDEVS_MAX 8
#define QEMU_OBJECTS_MAX  8
#define QEMU_QMP_WORD	  128 /* bytes of "fd=N" or "unix:PATH" */

/* A node of the graph that ends in a file. */
struct qemu_node {
	const char *name;
	const char *path; /* of the file, or block device, at its end */
	const char *storage; /* name of the node that has the path; NULL: this one */
	bool readonly;
	bool direct, no_flush;
	bool used; /* a node or a device is on top of it */
};

struct qemu_chardev {
	const char *id;
	struct console_config console; /* what it is for a console, */
	const char *qmp; /* and a socket for a monitor: as qmp_open() takes it; or NULL */
	bool used;
};

/* -add-fd: an open file that goes by the path /dev/fdset/SET. */
struct qemu_fdset {
	unsigned long long set, fd;
};

struct qemu_object {
	const char *id;
	enum qemu_object_kind { QEMU_MEMORY, QEMU_RNG } kind;
	enum memory_backend backend; /* memory */
	unsigned long long size; /* memory */
	bool used;
};

struct qemu_line {
	struct machine_config machine; /* its strings live as long as this */
	bool probe; /* -machine none: there is no machine, only questions about it */
	bool daemonize;
	const char *pidfile; /* or NULL */
	const char *memory_object; /* which -machine names, or NULL */

	struct qemu_node nodes[QEMU_NODES_MAX];
	unsigned int nr_nodes;
	struct qemu_chardev chardevs[QEMU_CHARDEVS_MAX];
	unsigned int nr_chardevs;
	struct qemu_object objects[QEMU_OBJECTS_MAX];
	unsigned int nr_objects;
	struct qemu_fdset fdsets[QEMU_CHARDEVS_MAX];
	unsigned int nr_fdsets;
	char qmp_words[QEMU_CHARDEVS_MAX][QEMU_QMP_WORD];
	/* What COM1 and the virtio console lead to, or NULL. */
	const struct qemu_chardev *serial, *virtconsole;
	uint32_t slots; /* bit n: a device has PCI slot n */
	bool behind_iommu, beside_iommu; /* some device shall be there */

	struct qemu_opts options[QEMU_OPTIONS_MAX];
	unsigned int nr_options;
};

/* Reads argv[1..).  0, or a negative errno with the line in err; fini in both cases. */
int qemu_line_parse(struct qemu_line *line, int argc, char **argv, struct error *err);
void qemu_line_fini(struct qemu_line *line);

/* For the rows: each takes what it knows out of opts; the caller refuses the rest. */
typedef int qemu_apply(struct qemu_line *line, struct qemu_opts *opts, struct error *err);

/* qemu_backends.c */
qemu_apply qemu_add_fd, qemu_chardev, qemu_blockdev, qemu_object, qemu_mon;
struct qemu_chardev *qemu_find_chardev(struct qemu_line *line, const char *id);
struct qemu_node *qemu_find_node(struct qemu_line *line, const char *name);
struct qemu_object *qemu_find_object(struct qemu_line *line, const char *id,
				     enum qemu_object_kind kind);

/* qemu_board.c: machine, processors, memory. */
qemu_apply qemu_machine, qemu_accel, qemu_cpu, qemu_memory, qemu_smp;

/* qemu_devices.c */
qemu_apply qemu_device;
/* Takes bus and addr.  Slot 0: the device gets the next free one. */
int qemu_take_slot(struct qemu_line *line, struct qemu_opts *opts, unsigned int *slot,
		   struct error *err);
/* Takes what every virtio device is here: modern, split rings, MSI-X. */
int qemu_take_virtio(struct qemu_line *line, struct qemu_opts *opts, struct error *err);

/* qemu_consoles.c */
qemu_apply qemu_serial, qemu_serial_bus, qemu_virtconsole;
/* When all devices are known: which consoles the machine has. */
void qemu_settle_consoles(struct qemu_line *line);

#endif
