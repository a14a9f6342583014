/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/kvm/kvm_stats.h"
#include "vmm/kvm/vcpu_exit.h"
#include "vmm/report/report.h"
#include "vmm/report/report_json.h"
#include "vmm/report/report_memory.h"
#include "vmm/util/output.h"
#include "vmm/util/rss.h"
#include "vmm/cli/run_times.h"

static json_t *report_inject(const struct machine_config *config)
{
	json_t *rules = json_array();
	unsigned int i;

	for (i = 0; i < config->nr_inject; i++)
		json_array_append_new(rules, json_string(config->inject[i].text));
	return rules;
}

static json_t *report_config(const struct machine_config *config)
{
	static const char *const consoles[] = {
		[CONSOLE_STDIO] = "stdio", [CONSOLE_PTY] = "pty",
		[CONSOLE_FILE] = "file",   [CONSOLE_SOCKET] = "socket",
		[CONSOLE_NONE] = "none",
	};
	json_t *object = json_object(), *disks = json_array(), *disk;
	unsigned int i;

	report_text(object, "kernel", config->kernel);
	if (config->initrd)
		report_text(object, "initrd", config->initrd);
	report_text(object, "append", config->cmdline);
	report_number(object, "mem_bytes", config->mem_size);
	report_number(object, "cpus", config->cpus);
	report_text(object, "console", consoles[config->console.kind]);
	report_text(object, "iommu", config->iommu ? "virtio" : "off");
	if (config->iommu)
		json_object_set_new(object, "boot_bypass",
				    json_boolean(config->boot_bypass));
	if (config->edu_bits)
		report_number(object, "edu_bits", config->edu_bits);
	json_object_set_new(object, "reboot", json_boolean(config->reboot));
	json_object_set_new(object, "sandbox", json_boolean(config->sandbox));
	for (i = 0; i < config->nr_disks; i++) {
		disk = json_object();
		report_text(disk, "file", config->disks[i].path);
		json_object_set_new(disk, "readonly",
				    json_boolean(config->disks[i].readonly));
		json_array_append_new(disks, disk);
	}
	json_object_set_new(object, "disks", disks);
	json_object_set_new(object, "inject", report_inject(config));
	return object;
}

static json_t *report_outcome(const struct outcome *outcome)
{
	json_t *object = json_object();
	char text[256];

	outcome_describe(outcome, text, sizeof(text));
	report_text(object, "end", outcome_name(outcome->reason));
	report_number(object, "code", outcome->code);
	report_number(object, "status", (uint64_t)outcome_status(outcome));
	report_text(object, "text", text);
	return object;
}

static json_t *report_times(const struct machine *m, const struct run_times *times)
{
	json_t *object = json_object();

	report_number(object, "run_us", run_times_between(&times->start, &times->end));
	if (m->vm.first_entry.tv_sec)
		report_number(object, "exec_to_first_instruction_us",
			      run_times_since_exec(&m->vm.first_entry));
	return object;
}

static json_t *report_exits(const struct vcpu *vcpu)
{
	json_t *object = json_object();
	const char *name;
	char number[16];
	unsigned int i;

	for (i = 0; i < VCPU_EXIT_REASONS; i++) {
		if (!vcpu->exits[i])
			continue;
		name = vcpu_exit_name(i);
		snprintf(number, sizeof(number), "%u", i);
		report_number(object, name ? name : number, vcpu->exits[i]);
	}
	return object;
}

static void add_stat(void *arg, const char *name, uint64_t value)
{
	report_number(arg, name, value);
}

static json_t *report_vcpus(const struct vm *vm)
{
	json_t *array = json_array(), *vcpu, *counters;
	unsigned int i;

	for (i = 0; i < vm->nr_vcpus; i++) {
		vcpu = json_object();
		report_number(vcpu, "id", vm->vcpus[i].id);
		json_object_set_new(vcpu, "exits", report_exits(&vm->vcpus[i]));
		counters = json_object();
		if (!kvm_stats_read(vm->vcpus[i].fd, add_stat, counters))
			json_object_set(vcpu, "kvm", counters);
		json_decref(counters);
		json_array_append_new(array, vcpu);
	}
	return array;
}

static json_t *report_devices(struct machine *m)
{
	json_t *object = json_object(), *stats;
	struct device *dev;

	pthread_mutex_lock(&m->lock);
	for (dev = m->devices.first; dev; dev = dev->next) {
		stats = json_object();
		if (dev->ops->stats)
			dev->ops->stats(dev, add_stat, stats);
		json_object_set_new(object, dev->name, stats);
	}
	pthread_mutex_unlock(&m->lock);
	return object;
}

/* What the process holds of the host's memory, and how much of that is not the guest's. */
static json_t *report_resident(const struct guest_memory *mem, FILE *smaps)
{
	json_t *object = json_object();
	struct rss rss;

	if (smaps && !rss_read(smaps, mem->reservation, mem->reserved, &rss)) {
		report_number(object, "resident_kib", (rss.guest + rss.monitor) >> 10);
		report_number(object, "own_kib", rss.monitor >> 10);
	}
	return object;
}

static void add_results(json_t *array, const struct ktap *ktap,
			const struct run_times *times)
{
	static const char *const verdicts[KTAP_VERDICTS] = { "pass", "fail", "skip" };
	json_t *result;
	size_t i;

	for (i = 0; i < ktap->nr_results; i++) {
		const struct ktap_result *r = &ktap->results[i];

		result = json_object();
		report_text(result, "name", r->name);
		report_text(result, "result", verdicts[r->verdict]);
		report_text(result, "evidence", r->evidence);
		report_number(result, "at_us",
			      run_times_between(&times->start, &r->when));
		json_array_append_new(array, result);
	}
}

static json_t *report_experiments(const struct machine *m, const struct run_times *times)
{
	json_t *results = json_array();

	add_results(results, &m->com1_port.ktap, times);
	add_results(results, &m->vconsole_port.ktap, times);
	return results;
}

static bool all_strings(json_t *object)
{
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value) if (!json_is_string(value)) return false;
	return json_object_size(object);
}

static void add_rows(json_t *array, const struct ktap *ktap)
{
	json_t *row;
	size_t i;

	for (i = 0; i < ktap->nr_rows; i++) {
		row = json_loads(ktap->rows[i], 0, NULL);
		if (all_strings(row))
			json_array_append(array, row);
		json_decref(row);
	}
}

/* Rows that are what a guest's table must be; others are as if not printed. */
static json_t *report_table(const struct machine *m)
{
	json_t *rows = json_array();

	add_rows(rows, &m->com1_port.ktap);
	add_rows(rows, &m->vconsole_port.ktap);
	return rows;
}

/* Counts hold also what is too much to be listed. */
static json_t *report_counts(const struct machine *m)
{
	static const char *const names[KTAP_VERDICTS] = { "passed", "failed", "skipped" };
	const struct ktap *com1 = &m->com1_port.ktap, *vconsole = &m->vconsole_port.ktap;
	json_t *object = json_object();
	unsigned int v;

	for (v = 0; v < KTAP_VERDICTS; v++)
		report_number(object, names[v], com1->counts[v] + vconsole->counts[v]);
	return object;
}

int report_open(struct report_file *file, const char *path, struct error *err)
{
	*file = (struct report_file){ .fd = -1 };
	if (!path)
		return 0;
	file->fd = output_open(path, 0666, &file->made);
	if (file->fd < 0)
		return error_set(err, errno,
				 "--report %s: %s; name a file that can be written", path,
				 strerror(errno));
	file->smaps = rss_open();
	json_object_seed(0); /* reads a file the first time */
	return 0;
}

int report_close(struct report_file *file)
{
	if (file->smaps)
		fclose(file->smaps);
	return file->fd >= 0 && close(file->fd) ? -errno : 0;
}

int report_write(struct machine *m, const struct run_times *times,
		 const struct memstate_sampler *sampler, json_t *profile,
		 const struct report_file *file)
{
	json_t *report = json_object();
	int ret;

	report_text(report, "version", PAGEVISOR_VERSION);
	json_object_set_new(report, "config", report_config(&m->config));
	json_object_set_new(report, "outcome", report_outcome(&m->outcome));
	json_object_set_new(report, "time", report_times(m, times));
	json_object_set_new(report, "vcpus", report_vcpus(&m->vm));
	json_object_set_new(report, "devices", report_devices(m));
	json_object_set_new(report, "vmm", report_resident(&m->mem, file->smaps));
	report_number(report, "resets", m->resets);
	report_number(report, "device_reports", m->reports);
	json_object_set_new(report, "counts", report_counts(m));
	if (m->dma_checker)
		json_object_set_new(report, "dma_check",
				    dma_checker_report(m->dma_checker));
	json_object_set_new(report, "experiments", report_experiments(m, times));
	json_object_set_new(report, "table", report_table(m));
	if (profile)
		json_object_set(report, "profile", profile);
	json_object_set_new(report, "memory",
			    report_memory_state(&m->mem.ram, &m->boot.kernel, sampler));

	errno = EIO;
	ret = json_dumpfd(report, file->fd, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	if (!ret && write(file->fd, "\n", 1) != 1)
		ret = -1;
	json_decref(report);
	return ret ? -errno : 0;
}
