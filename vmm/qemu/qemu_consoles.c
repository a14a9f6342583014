/* SPDX-License-Identifier: MIT */
/*
 * Where the serial port and the virtio console lead.  The board has both; one that no -device
 * gives a character device shares that of the other, see vmm/machine/console.h.
 */
#include <string.h>

#include "vmm/qemu/qemu_line.h"

/* The character device for *console, which has none yet. */
static int use_console(struct qemu_line *line, struct qemu_opts *opts,
		       const struct qemu_chardev **console, struct error *err)
{
	const char *id = qemu_opts_take(opts, "chardev");
	struct qemu_chardev *c = qemu_find_chardev(line, id);

	if (*console)
		return qemu_refuse(
			opts, err,
			"a second one: the board has one serial port and one "
			"virtio console; in the domain XML: one <serial>, and one "
			"<console> with <target type='virtio'/>");
	if (!c || (c->used && c != line->serial && c != line->virtconsole))
		return qemu_refuse(opts, err, "chardev=%.60s: no such free -chardev",
				   id ? id : "");
	c->used = true;
	*console = c;
	return 0;
}

int qemu_serial(struct qemu_line *line, struct qemu_opts *opts, struct error *err)
{
	static const struct qemu_harmless harmless[] = {
		{ "id", NULL, "nobody asks for it" },
		{ "index", "0", "COM1, the one there is" },
		{ NULL, NULL, NULL },
	};

	qemu_opts_take_harmless(opts, harmless);
	return use_console(line, opts, &line->serial, err);
}

int qemu_virtconsole(struct qemu_line *line, struct qemu_opts *opts, struct error *err)
{
	static const struct qemu_harmless harmless[] = {
		{ "id", NULL, "nobody asks for it" },
		{ "bus", NULL, "there is one virtio console" },
		{ "nr", NULL, "it has one port" },
		{ NULL, NULL, NULL },
	};

	qemu_opts_take_harmless(opts, harmless);
	return use_console(line, opts, &line->virtconsole, err);
}

/* Its one port is the console's. */
int qemu_serial_bus(struct qemu_line *line, struct qemu_opts *opts, struct error *err)
{
	int ret;

	qemu_opts_take(opts, "id");
	if (line->machine.vconsole_slot)
		return qemu_refuse(opts, err, "there can be one");
	ret = qemu_take_virtio(line, opts, err);
	return ret ? ret : qemu_take_slot(line, opts, &line->machine.vconsole_slot, err);
}

void qemu_settle_consoles(struct qemu_line *line)
{
	const struct qemu_chardev *first = line->serial ? line->serial
							: line->virtconsole;

	if (!first)
		return;
	line->machine.console = first->console;
	if (!line->virtconsole || line->virtconsole == first)
		return;
	line->machine.two_consoles = true;
	line->machine.vconsole = line->virtconsole->console;
}
