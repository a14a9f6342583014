/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <abi/platform.h>

#include "vmm/qemu/qemu_line.h"

#define WHOLE "value" /* the name of a value that has no parts */

enum form {
	FLAG, /* no value */
	TEXT, /* a value that is taken as it is */
	PARTS, /* name=value,... */
	NOTHING, /* a flag that says how things are anyway */
};

struct qemu_option {
	const char *name;
	enum form form;
	const char *first; /* PARTS: the name of a first value without one */
	qemu_apply *apply; /* NULL: NOTHING, all that matters is in `harmless`, or `at` */
	const struct qemu_harmless *harmless;
	/* TEXT or FLAG without apply(): where in struct qemu_line the const char * or bool is. */
	size_t at;
};

/* The end of such a row. */
#define TO(member) NULL, NULL, offsetof(struct qemu_line, member)

/* --- rows --------------------------------------------------------------------------------- */

static int set_no_reboot(struct qemu_line *line, struct qemu_opts *opts,
			 struct error *err)
{
	(void)opts;
	(void)err;
	line->machine.reboot = false;
	return 0;
}

static int set_uuid(struct qemu_line *line, struct qemu_opts *opts, struct error *err)
{
	const char *uuid = qemu_opts_take(opts, WHOLE);

	if (!uuid_ok(uuid))
		return qemu_refuse(opts, err, "%.60s is no UUID", uuid);
	line->machine.uuid = uuid;
	return 0;
}

static int set_name(struct qemu_line *line, struct qemu_opts *opts, struct error *err)
{
	(void)err;
	line->machine.title = qemu_opts_take(opts, "guest");
	return 0;
}

static int set_sandbox(struct qemu_line *line, struct qemu_opts *opts, struct error *err)
{
	return qemu_opts_take_bool(opts, "enable", false, &line->machine.sandbox, err);
}

static int add_qmp(struct qemu_line *line, struct qemu_opts *opts, struct error *err)
{
	if (line->machine.nr_qmp == QMP_MAX)
		return qemu_refuse(opts, err, "one monitor too many; give at most %d",
				   QMP_MAX);
	line->machine.qmp[line->machine.nr_qmp++] = qemu_opts_take(opts, WHOLE);
	return 0;
}

/* --- the table ---------------------------------------------------------------------------- */

static const struct qemu_harmless name_harmless[] = {
	{ "debug-threads", NULL, "names of threads are for people" },
	{ NULL, NULL, NULL },
};
static const struct qemu_harmless msg_harmless[] = {
	{ "timestamp", NULL, "whoever keeps the lines of a machine dates them" },
	{ NULL, NULL, NULL },
};
static const struct qemu_harmless boot_harmless[] = {
	{ "strict", NULL, "a kernel is given: there is nothing else to boot" },
	{ "menu", "off", "there is no firmware, so no menu" },
	{ NULL, NULL, NULL },
};
static const struct qemu_harmless rtc_harmless[] = {
	{ "base", "utc", "the guest has no clock of another zone" },
	{ NULL, NULL, NULL },
};
static const struct qemu_harmless overcommit_harmless[] = {
	{ "mem-lock", "off", "memory is not locked" },
	{ NULL, NULL, NULL },
};
static const struct qemu_harmless audio_harmless[] = {
	{ "id", NULL, "a name of nothing" },
	{ "driver", "none", "there is no sound" },
	{ NULL, NULL, NULL },
};
static const struct qemu_harmless display_harmless[] = {
	{ "type", "none", "there is no display" },
	{ NULL, NULL, NULL },
};
/* All of it holds when confined, see vmm/sandbox/sandbox.h. */
static const struct qemu_harmless sandbox_harmless[] = {
	{ "obsolete", "deny", "not on the list of calls" },
	{ "elevateprivileges", "deny", "there are none, for good" },
	{ "elevateprivileges", "children", "there are no children" },
	{ "spawn", "deny", "not on the list of calls" },
	{ "resourcecontrol", "deny", "not on the list of calls" },
	{ NULL, NULL, NULL },
};

/* In the order in which they are understood. */
static const struct qemu_option table[] = {
	{ "machine", PARTS, "type", qemu_machine, NULL, 0 },
	{ "accel", PARTS, "accel", qemu_accel, NULL, 0 },
	{ "cpu", PARTS, "model", qemu_cpu, NULL, 0 },
	{ "object", PARTS, "qom-type", qemu_object, NULL, 0 },
	{ "m", PARTS, "size", qemu_memory, NULL, 0 },
	{ "smp", PARTS, "cpus", qemu_smp, NULL, 0 },
	{ "name", PARTS, "guest", set_name, name_harmless, 0 },
	{ "uuid", TEXT, NULL, set_uuid, NULL, 0 },
	{ "kernel", TEXT, NULL, TO(machine.kernel) },
	{ "initrd", TEXT, NULL, TO(machine.initrd) },
	{ "append", TEXT, NULL, TO(machine.cmdline) },
	{ "add-fd", PARTS, NULL, qemu_add_fd, NULL, 0 },
	{ "chardev", PARTS, "backend", qemu_chardev, NULL, 0 },
	{ "mon", PARTS, "chardev", qemu_mon, NULL, 0 },
	{ "qmp", TEXT, NULL, add_qmp, NULL, 0 },
	{ "blockdev", PARTS, "driver", qemu_blockdev, NULL, 0 },
	{ "device", PARTS, "driver", qemu_device, NULL, 0 },
	{ "S", FLAG, NULL, TO(machine.paused) },
	{ "no-reboot", FLAG, NULL, set_no_reboot, NULL, 0 },
	{ "no-shutdown", FLAG, NULL, TO(machine.stays) },
	{ "daemonize", FLAG, NULL, TO(daemonize) },
	{ "pidfile", TEXT, NULL, TO(pidfile) },
	{ "msg", PARTS, NULL, NULL, msg_harmless, 0 },
	{ "boot", PARTS, NULL, NULL, boot_harmless, 0 },
	{ "rtc", PARTS, NULL, NULL, rtc_harmless, 0 },
	{ "overcommit", PARTS, NULL, NULL, overcommit_harmless, 0 },
	{ "audiodev", PARTS, "driver", NULL, audio_harmless, 0 },
	{ "display", PARTS, "type", NULL, display_harmless, 0 },
	{ "sandbox", PARTS, "enable", set_sandbox, sandbox_harmless, 0 },
	/* There is no configuration file, no default device, no display and no HPET. */
	{ "no-user-config", NOTHING, NULL, NULL, NULL, 0 },
	{ "nodefaults", NOTHING, NULL, NULL, NULL, 0 },
	{ "nographic", NOTHING, NULL, NULL, NULL, 0 },
	{ "no-hpet", NOTHING, NULL, NULL, NULL, 0 },
};

static const struct qemu_option *find_option(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (!strcmp(table[i].name, name))
			return &table[i];
	return NULL;
}

/* --- reading ------------------------------------------------------------------------------ */

static int unknown(const char *word, struct error *err)
{
	const char *element = word[0] == '-' ? qemu_element(word, NULL, NULL) : NULL;

	return error_set(err, EINVAL, "%.100s: this emulator has no such option%s%s",
			 word, element ? "; in the domain XML: " : "",
			 element ? element : "");
}

static int read_value(struct qemu_opts *opts, const struct qemu_option *o,
		      const char *word, const char *value, struct error *err)
{
	int ret =
		qemu_opts_parse(opts, word, o->first, o->form == PARTS ? value : "", err);

	if (ret || o->form != TEXT)
		return ret;
	if (!json_object_set_new(opts->values, WHOLE, json_string(value)))
		return 0;
	qemu_opts_fini(opts);
	return error_set(err, EINVAL, "%s: its value is not UTF-8", word);
}

/* Reads the option at argv[i]; *used words. */
static int read_option(struct qemu_line *line, char **words, int *used, struct error *err)
{
	const char *word = words[0] + (!strncmp(words[0], "--", 2));
	const struct qemu_option *o = word[0] == '-' ? find_option(word + 1) : NULL;
	const char *value = "";
	int ret;

	*used = 1;
	if (!o)
		return unknown(word, err);
	if (o->form == PARTS || o->form == TEXT) {
		value = words[1];
		*used = 2;
	}
	if (!value)
		return error_set(err, EINVAL, "%s: needs a value", word);
	if (line->nr_options == QEMU_OPTIONS_MAX)
		return error_set(err, E2BIG, "%s: one option too many; give at most %d",
				 word, QEMU_OPTIONS_MAX);
	ret = read_value(&line->options[line->nr_options], o, word, value, err);
	line->nr_options += !ret;
	return ret;
}

static void store(struct qemu_line *line, const struct qemu_option *o,
		  struct qemu_opts *opts)
{
	char *at = (char *)line + o->at;

	if (o->form == TEXT)
		*(const char **)at = qemu_opts_take(opts, WHOLE);
	else if (o->form == FLAG)
		*(bool *)at = true;
}

/* All options of the row's name. */
static int apply_row(struct qemu_line *line, const struct qemu_option *o,
		     struct error *err)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < line->nr_options && !ret; i++) {
		struct qemu_opts *opts = &line->options[i];

		if (strcmp(opts->option + 1, o->name) != 0)
			continue;
		if (o->harmless)
			qemu_opts_take_harmless(opts, o->harmless);
		if (o->apply)
			ret = o->apply(line, opts, err);
		else
			store(line, o, opts);
		if (!ret)
			ret = qemu_opts_finish(opts, err);
	}
	return ret;
}

/* --- what only shows at the end ----------------------------------------------------------- */

static int check_whole(struct qemu_line *line, struct error *err)
{
	unsigned int i;

	if (line->probe)
		return 0;
	if (!line->machine.kernel)
		return error_set(err, EINVAL,
				 "-kernel: missing; in the domain XML: <os><kernel>");
	for (i = 0; i < line->nr_objects; i++)
		if (!line->objects[i].used)
			return error_set(err, EINVAL, "-object %s: nothing uses it",
					 line->objects[i].id);
	for (i = 0; i < line->nr_nodes; i++)
		if (!line->nodes[i].used)
			return error_set(err, EINVAL, "-blockdev %s: nothing uses it",
					 line->nodes[i].name);
	for (i = 0; i < line->nr_chardevs; i++)
		if (!line->chardevs[i].used)
			return error_set(err, EINVAL, "-chardev %s: nothing uses it",
					 line->chardevs[i].id);
	return 0;
}

static int check_iommu(const struct qemu_line *line, struct error *err)
{
	const struct machine_config *m = &line->machine;

	if (line->behind_iommu && !m->iommu)
		return error_set(err, EINVAL,
				 "-device: iommu_platform=on: there is no "
				 "virtio-iommu-pci; in the domain XML: <driver> without "
				 "iommu='on'");
	if (line->beside_iommu && m->iommu)
		return error_set(
			err, EINVAL,
			"-device: iommu_platform=off: the IOMMU has every device "
			"but the balloon behind it; in the domain XML: <driver> "
			"without iommu='off'");
	if (m->iommu && m->balloon.present && m->balloon.slot != PV_BALLOON_SLOT)
		return error_set(
			err, EINVAL,
			"-device virtio-balloon-pci: addr must be 0x%x, as the "
			"IOMMU has all other slots behind it; in the domain XML: "
			"<memballoon><address slot='0x%x'/>",
			PV_BALLOON_SLOT, PV_BALLOON_SLOT);
	return 0;
}

int qemu_line_parse(struct qemu_line *line, int argc, char **argv, struct error *err)
{
	size_t row;
	int i, used, ret = 0;

	*line = (struct qemu_line){ .probe = false };
	machine_config_init(&line->machine);
	line->machine.console.kind = CONSOLE_NONE;
	for (i = 1; i < argc && !ret; i += used)
		ret = read_option(line, argv + i, &used, err);
	for (row = 0; row < sizeof(table) / sizeof(table[0]) && !ret; row++)
		ret = apply_row(line, &table[row], err);
	qemu_settle_consoles(line);
	if (!ret)
		ret = check_whole(line, err);
	return ret ? ret : check_iommu(line, err);
}

void qemu_line_fini(struct qemu_line *line)
{
	while (line->nr_options)
		qemu_opts_fini(&line->options[--line->nr_options]);
}
