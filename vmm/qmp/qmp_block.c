/* SPDX-License-Identifier: MIT */
/*
 * Commands about disks.  Each has one raw node, named like its device; or two, a file and a raw
 * one over it, where a manager named them so.  A disk that a manager named is known by the path
 * of its device alone.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "vmm/qmp/qmp_internal.h"

/* One description of each disk, in a list. */
static json_t *each_disk(const struct qmp_call *call,
			 json_t *(*describe)(const struct control_disk *disk))
{
	struct control_facts facts;
	struct control_disk disk;
	json_t *list = json_array();
	unsigned int i;

	call->control->ops->facts(call->control, &facts);
	for (i = 0; i < facts.disks; i++) {
		call->control->ops->disk(call->control, i, &disk);
		json_array_append_new(list, describe(&disk));
	}
	return list;
}

/* A path is bytes; JSON has only UTF-8. */
static json_t *path_value(const char *path)
{
	json_t *value = json_string(path);

	return value ? value : json_string("(the path is not UTF-8)");
}

static json_t *image(const struct control_disk *disk)
{
	return json_pack("{s:o, s:s, s:I}", "filename", path_value(disk->path), "format",
			 "raw", "virtual-size", (json_int_t)disk->size);
}

static const char *node_name(const struct control_disk *disk)
{
	return disk->node ? disk->node : disk->id;
}

static json_t *node(const struct control_disk *disk)
{
	static const char *const limits[] = { "bps",  "bps_rd",	 "bps_wr",
					      "iops", "iops_rd", "iops_wr" };
	json_t *node = json_pack(
		"{s:s, s:s, s:b, s:b, s:i, s:s, s:i, s:o, s:o, s:{s:b, s:b, s:b}}",
		"node-name", node_name(disk), "drv", "raw", "ro", disk->readonly,
		"encrypted", 0, "backing_file_depth", 0, "detect_zeroes", "off",
		"write_threshold", 0, "file", path_value(disk->path), "image",
		image(disk), "cache", "writeback", disk->writeback, "direct",
		disk->direct, "no-flush", disk->no_flush);
	size_t i;

	for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		json_object_set_new(node, limits[i], json_integer(0));
	return node;
}

static json_t *qdev_value(const struct control_disk *disk)
{
	return json_sprintf("/machine/peripheral/%s/virtio-backend",
			    disk->managed ? disk->managed : disk->id);
}

static const char *io_status(int error)
{
	return !error ? "ok" : error == -ENOSPC ? "nospace" : "failed";
}

json_t *qmp_io_error_data(struct control *control, const struct control_event *event)
{
	struct control_disk disk;
	json_t *data;

	control->ops->disk(control, event->disk, &disk);
	data = json_pack("{s:s, s:s, s:s, s:s, s:s}", "device",
			 disk.managed ? "" : disk.id, "node-name", node_name(&disk),
			 "operation", event->reading ? "read" : "write", "action",
			 event->after == CONTROL_IS_TOLD ? "report" : "stop", "reason",
			 strerror(-event->error));
	if (disk.waits)
		json_object_set_new(data, "nospace",
				    json_boolean(event->error == -ENOSPC));
	return data;
}

static json_t *block(const struct control_disk *disk)
{
	return json_pack("{s:s, s:o, s:s, s:b, s:b, s:s*, s:o}", "device",
			 disk->managed ? "" : disk->id, "qdev", qdev_value(disk), "type",
			 "unknown", "removable", 0, "locked", 0, "io-status",
			 disk->waits ? io_status(disk->error) : NULL, "inserted",
			 node(disk));
}

static void add_stats(json_t *stats, const char *prefix, const struct control_io_stats *s)
{
	const struct {
		const char *name;
		uint64_t value;
	} rows[] = {
		{ "bytes", s->bytes },
		{ "operations", s->operations - s->errors },
		{ "total_time_ns", s->ns },
	};
	char name[64];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(name, sizeof(name), "%s_%s", prefix, rows[i].name);
		json_object_set_new(stats, name, json_integer((json_int_t)rows[i].value));
	}
	snprintf(name, sizeof(name), "failed_%s_operations", prefix);
	json_object_set_new(stats, name, json_integer((json_int_t)s->errors));
}

static json_t *block_stats(const struct control_disk *disk)
{
	static const char *const never[] = { "rd_merged",
					     "wr_merged",
					     "unmap_merged",
					     "invalid_rd_operations",
					     "invalid_wr_operations",
					     "invalid_flush_operations",
					     "invalid_unmap_operations",
					     "wr_highest_offset" };
	json_t *stats = json_object();
	size_t i;

	add_stats(stats, "rd", &disk->read);
	add_stats(stats, "wr", &disk->write);
	add_stats(stats, "flush", &disk->flush);
	add_stats(stats, "unmap", &disk->discard);
	json_object_del(stats, "flush_bytes");
	for (i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		json_object_set_new(stats, never[i], json_integer(0));
	json_object_set_new(stats, "account_invalid", json_false());
	json_object_set_new(stats, "account_failed", json_true());
	json_object_set_new(stats, "timed_stats", json_array());
	return json_pack("{s:s, s:o, s:s, s:o}", "device", disk->managed ? "" : disk->id,
			 "qdev", qdev_value(disk), "node-name", node_name(disk), "stats",
			 stats);
}

static json_t *query_block(struct qmp_call *call)
{
	return each_disk(call, block);
}

static json_t *query_blockstats(struct qmp_call *call)
{
	return each_disk(call, block_stats);
}

/* The node of the file under a raw one. */
static json_t *storage_node(const struct control_disk *disk)
{
	json_t *file = node(disk);

	json_object_set_new(file, "node-name", json_string(disk->storage_node));
	json_object_set_new(file, "drv", json_string("file"));
	return file;
}

static json_t *query_nodes(struct qmp_call *call)
{
	json_t *list = each_disk(call, node);
	struct control_facts facts;
	struct control_disk disk;
	unsigned int i;

	call->control->ops->facts(call->control, &facts);
	for (i = 0; i < facts.disks; i++) {
		call->control->ops->disk(call->control, i, &disk);
		if (disk.storage_node)
			json_array_append_new(list, storage_node(&disk));
	}
	return list;
}

static const struct qmp_arg stats_args[] = { { "query-nodes", QMP_BOOL, true },
					     { NULL, QMP_ANY, false } };
static const struct qmp_arg nodes_args[] = { { "flat", QMP_BOOL, true },
					     { NULL, QMP_ANY, false } };

const struct qmp_command qmp_block_commands[] = {
	{ "query-block", query_block, NULL, false },
	{ "query-blockstats", query_blockstats, stats_args, false },
	{ "query-named-block-nodes", query_nodes, nodes_args, false },
	{ NULL, NULL, NULL, false },
};
