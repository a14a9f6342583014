/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "vmm/kvm/kvm_stats.h"

/* A descriptor is followed by its name, name_size bytes with the ending zero. */
static size_t descriptor_bytes(const struct kvm_stats_header *header)
{
	return sizeof(struct kvm_stats_desc) + header->name_size;
}

static int read_whole(int fd, void *to, size_t bytes, uint64_t offset)
{
	ssize_t got = pread(fd, to, bytes, (off_t)offset);

	if (got < 0)
		return -errno;
	return (size_t)got == bytes ? 0 : -EIO;
}

static int report_one(int stats, const struct kvm_stats_header *header,
		      const struct kvm_stats_desc *desc, kvm_stat_fn fn, void *arg)
{
	uint64_t value;
	int ret;

	if (desc->size != 1) /* a histogram */
		return 0;
	ret = read_whole(stats, &value, sizeof(value),
			 (uint64_t)header->data_offset + desc->offset);
	if (!ret)
		fn(arg, desc->name, value);
	return ret;
}

static int report_all(int stats, const struct kvm_stats_header *header, char *descs,
		      kvm_stat_fn fn, void *arg)
{
	size_t each = descriptor_bytes(header);
	uint32_t i;
	int ret;

	ret = read_whole(stats, descs, each * header->num_desc, header->desc_offset);
	for (i = 0; i < header->num_desc && !ret; i++) {
		/* name_size counts the ending zero, yet it is KVM's word: make it true. */
		descs[each * (i + 1) - 1] = '\0';
		ret = report_one(stats, header, (const void *)(descs + each * i), fn,
				 arg);
	}
	return ret;
}

int kvm_stats_read(int fd, kvm_stat_fn fn, void *arg)
{
	struct kvm_stats_header header;
	char *descs;
	int stats, ret;

	stats = ioctl(fd, KVM_GET_STATS_FD, NULL);
	if (stats < 0)
		return -errno;
	ret = read_whole(stats, &header, sizeof(header), 0);
	if (!ret) {
		descs = calloc(header.num_desc, descriptor_bytes(&header));
		ret = descs ? report_all(stats, &header, descs, fn, arg) : -ENOMEM;
		free(descs);
	}
	close(stats);
	return ret;
}
