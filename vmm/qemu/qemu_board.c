/* SPDX-License-Identifier: MIT */
/* -machine, -accel, -cpu, -m and -smp. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/cli/command.h"
#include "vmm/qemu/qemu_line.h"

static const struct qemu_harmless machine_harmless[] = {
	{ "usb", "off", "there is no USB" },
	{ "vmport", "off", "there is no such port" },
	{ "smm", "off", "there is no system management mode" },
	{ "hpet", "off", "there is none" },
	{ "graphics", "off", "there is no display" },
	{ "nvdimm", "off", "there is none" },
	{ "mem-merge", "off", "pages are not offered to KSM" },
	{ "acpi", "on", "ACPI is always there" },
	{ "kernel_irqchip", "on", "KVM's is used" },
	{ "kernel-irqchip", "on", "KVM's is used" },
	{ "pflash0", "", "there is no firmware" },
	{ "dump-guest-core", "off", "what libvirt says unless told otherwise" },
	{ NULL, NULL, NULL },
};

/* The accelerators that are asked for, in order: KVM must be among them. */
static int check_accel(struct qemu_line *line, const struct qemu_opts *opts,
		       const char *list, struct error *err)
{
	if (line->probe || !strcmp(list, "kvm") || !strncmp(list, "kvm:", 4))
		return 0;
	return qemu_refuse(opts, err,
			   "accel=%.60s: there is only KVM; in the domain XML: <domain "
			   "type='kvm'>",
			   list);
}

int qemu_machine(struct qemu_line *line, struct qemu_opts *opts, struct error *err)
{
	static const char *const types[] = { "pagevisor", "pc-i440fx-7.2", "pc", "none" };
	const char *type = qemu_opts_take_kind(opts, "type");
	const char *accel = qemu_opts_take(opts, "accel");
	size_t i;

	for (i = 0; type && i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcmp(type, types[i]))
			break;
	if (type && i == sizeof(types) / sizeof(types[0]))
		return qemu_refuse(
			opts, err,
			"there is no such machine; in the domain XML: <os><type "
			"machine='pagevisor'>");
	line->probe = type && !strcmp(type, "none");
	line->memory_object = qemu_opts_take(opts, "memory-backend");
	qemu_opts_take_harmless(opts, machine_harmless);
	return accel ? check_accel(line, opts, accel, err) : 0;
}

int qemu_accel(struct qemu_line *line, struct qemu_opts *opts, struct error *err)
{
	const char *accel = qemu_opts_take_kind(opts, "accel");

	return accel ? check_accel(line, opts, accel, err) : 0;
}

int qemu_cpu(struct qemu_line *line, struct qemu_opts *opts, struct error *err)
{
	static const struct qemu_harmless harmless[] = {
		{ "migratable", NULL, "there is no migration" },
		{ NULL, NULL, NULL },
	};
	const char *model = qemu_opts_take_kind(opts, "model");

	(void)line;
	qemu_opts_take_harmless(opts, harmless);
	if (model && (!strcmp(model, "host") || !strcmp(model, "max")))
		return 0;
	return qemu_refuse(
		opts, err,
		"the guest has the CPU that KVM has on this host; in the domain "
		"XML: <cpu mode='host-passthrough'/>");
}

/* A size whose plain numbers are MiB; libvirt's unit letters are parse_size()'s, in capitals. */
static int read_mebibytes(const char *text, unsigned long long *size)
{
	char word[32];
	size_t n = strlen(text);

	if (!n || n >= sizeof(word) - 1)
		return -EINVAL;
	memcpy(word, text, n + 1);
	if (word[n - 1] == 'k')
		word[n - 1] = 'K';
	else if (word[n - 1] >= '0' && word[n - 1] <= '9')
		memcpy(word + n, "M", 2);
	return parse_size(word, size);
}

/* The memory is what an -object describes: private, shared or huge pages. */
static int use_object(struct qemu_line *line, const struct qemu_opts *opts,
		      struct error *err)
{
	struct qemu_object *o = qemu_find_object(line, line->memory_object, QEMU_MEMORY);

	if (!o)
		return qemu_refuse(opts, err,
				   "memory-backend=%.60s: there is no such -object",
				   line->memory_object);
	if (o->size != line->machine.mem_size)
		return qemu_refuse(opts, err, "the -object %.60s has another size",
				   o->id);
	o->used = true;
	line->machine.mem_backend = o->backend;
	return 0;
}

int qemu_memory(struct qemu_line *line, struct qemu_opts *opts, struct error *err)
{
	const char *text = qemu_opts_take(opts, "size");
	unsigned long long size;

	if (!text || read_mebibytes(text, &size))
		return qemu_refuse(opts, err, "not a size; in the domain XML: <memory>");
	line->machine.mem_size = size;
	return line->memory_object ? use_object(line, opts, err) : 0;
}

/* The product of the parts that are given: sockets, cores and so on.  0: none is. */
static int read_topology(struct qemu_opts *opts, unsigned long long *product,
			 struct error *err)
{
	static const char *const parts[] = { "sockets", "dies", "clusters", "cores" };
	unsigned long long part;
	size_t i;
	int ret;

	*product = 0;
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		ret = qemu_opts_take_number(opts, parts[i], 0, &part, err);
		if (ret)
			return ret;
		if (part &&
		    __builtin_mul_overflow(*product ? *product : 1, part, product))
			return qemu_refuse(opts, err, "%s=%llu: too many", parts[i],
					   part);
	}
	return 0;
}

static int check_smp(const struct qemu_opts *opts, unsigned long long cpus,
		     unsigned long long max, unsigned long long threads,
		     unsigned long long product, struct error *err)
{
	if (!cpus || cpus > UINT32_MAX)
		return qemu_refuse(opts, err, "%llu CPUs; in the domain XML: <vcpu>",
				   cpus);
	if (max != cpus)
		return qemu_refuse(
			opts, err,
			"maxcpus=%llu: no CPU can be added later; in the domain "
			"XML: <vcpu> without current=",
			max);
	if (threads != 1)
		return qemu_refuse(opts, err,
				   "threads=%llu: a core has one thread; in the domain "
				   "XML: <cpu><topology threads='1'/>",
				   threads);
	if (product && product != cpus)
		return qemu_refuse(
			opts, err,
			"the topology makes %llu CPUs, not %llu; in the domain "
			"XML: <cpu><topology>",
			product, cpus);
	return 0;
}

/* Without a <topology> libvirt writes a socket for each vCPU; the guest sees as many cores of
 * one package. */
int qemu_smp(struct qemu_line *line, struct qemu_opts *opts, struct error *err)
{
	unsigned long long cpus, max, threads, product;
	int ret = qemu_opts_take_number(opts, "cpus", 1, &cpus, err);

	if (!ret)
		ret = qemu_opts_take_number(opts, "maxcpus", cpus, &max, err);
	if (!ret)
		ret = qemu_opts_take_number(opts, "threads", 1, &threads, err);
	if (!ret)
		ret = read_topology(opts, &product, err);
	if (!ret)
		ret = check_smp(opts, cpus, max, threads, product, err);
	if (!ret)
		line->machine.cpus = (unsigned int)cpus;
	return ret;
}
