/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "vmm/kvm/kvm.h"
#include "vmm/util/units.h"

#define KVM_PATH  "/dev/kvm"
#define CPUID_MAX 256 /* leaves and subleaves */

/* Pages that KVM needs below 4 GiB on Intel hosts without unrestricted guest mode; the
 * memory map keeps guests away from them. */
#define IDENTITY_MAP_GPA 0xfeffc000ull
#define TSS_GPA		 0xfeffd000ull

int kvm_get(int fd, unsigned long request, void *out)
{
	int ret;

	do
		ret = ioctl(fd, request, out);
	while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : ret;
}

int kvm_set(int fd, unsigned long request, const void *in)
{
	return kvm_get(fd, request, (void *)in); /* such requests only read it */
}

static int vm_ioctl_value(const struct kvm *kvm, unsigned long request,
			  unsigned long value)
{
	return ioctl(kvm->vm_fd, request, value) < 0 ? -errno : 0;
}

static int extension(int fd, long cap)
{
	int ret = ioctl(fd, KVM_CHECK_EXTENSION, cap);

	return ret < 0 ? 0 : ret;
}

int kvm_capability(const struct kvm *kvm, long cap)
{
	return extension(kvm->vm_fd, cap);
}

static int open_device(struct kvm *kvm, struct error *err)
{
	kvm->dev_fd = open(KVM_PATH, O_RDWR | O_CLOEXEC);
	if (kvm->dev_fd >= 0)
		return 0;
	switch (errno) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return error_set(err, errno,
				 KVM_PATH
				 ": not there; load kvm_intel or kvm_amd, and switch "
				 "virtualisation on in the firmware");
	case EACCES:
	case EPERM:
		return error_set(err, errno,
				 KVM_PATH
				 ": no permission; join the group kvm (usermod -aG kvm "
				 "$USER) and log in again");
	default:
		return error_set(err, errno, KVM_PATH ": %s", strerror(errno));
	}
}

static int check_extensions(const struct kvm *kvm, struct error *err)
{
	static const struct {
		long cap;
		const char *name;
	} needed[] = {
		{ KVM_CAP_IRQCHIP, "IRQCHIP" },
		{ KVM_CAP_PIT2, "PIT2" },
		{ KVM_CAP_PIT_STATE2, "PIT_STATE2" },
		{ KVM_CAP_USER_MEMORY, "USER_MEMORY" },
		{ KVM_CAP_IRQ_ROUTING, "IRQ_ROUTING" },
		{ KVM_CAP_IRQFD, "IRQFD" },
		{ KVM_CAP_IOEVENTFD, "IOEVENTFD" },
		{ KVM_CAP_EXT_CPUID, "EXT_CPUID" },
		{ KVM_CAP_IMMEDIATE_EXIT, "IMMEDIATE_EXIT" },
	};
	size_t i;

	for (i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!extension(kvm->dev_fd, needed[i].cap))
			return error_set(err, ENOTSUP,
					 KVM_PATH
					 ": has no KVM_CAP_%s; use a newer host kernel",
					 needed[i].name);
	return 0;
}

static int check_device(struct kvm *kvm, unsigned int cpus, struct error *err)
{
	int size;

	if (ioctl(kvm->dev_fd, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
		return error_set(err, ENOTTY,
				 KVM_PATH ": is not KVM; make it with "
					  "mknod " KVM_PATH " c 10 232");
	size = ioctl(kvm->dev_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (size < (int)sizeof(struct kvm_run))
		return error_set(err, EINVAL,
				 KVM_PATH ": gives no vCPU area; use a newer "
					  "host kernel");
	kvm->run_size = (size_t)size;
	kvm->max_vcpus = (unsigned int)extension(kvm->dev_fd, KVM_CAP_MAX_VCPUS);
	if (cpus > kvm->max_vcpus)
		return error_set(err, EINVAL,
				 "--cpus %u: more than this KVM allows; give at most %u",
				 cpus, kvm->max_vcpus);
	return check_extensions(kvm, err);
}

static int ask_cpuid(struct kvm *kvm, struct error *err)
{
	size_t size = sizeof(*kvm->cpuid) + CPUID_MAX * sizeof(kvm->cpuid->entries[0]);
	int ret;

	kvm->cpuid = calloc(1, size);
	if (!kvm->cpuid)
		return error_set(err, ENOMEM,
				 KVM_PATH ": no memory to ask what it supports");
	kvm->cpuid->nent = CPUID_MAX;
	ret = kvm_get(kvm->dev_fd, KVM_GET_SUPPORTED_CPUID, kvm->cpuid);
	if (ret)
		return error_set(err, -ret,
				 KVM_PATH
				 ": does not tell what it supports (%s); use a newer "
				 "host kernel",
				 strerror(-ret));
	return 0;
}

int kvm_open(struct kvm *kvm, unsigned int cpus, struct error *err)
{
	int ret;

	*kvm = (struct kvm){ .dev_fd = -1, .vm_fd = -1 };
	ret = open_device(kvm, err);
	if (!ret)
		ret = check_device(kvm, cpus, err);
	if (!ret)
		ret = ask_cpuid(kvm, err);
	if (ret)
		kvm_close(kvm);
	return ret;
}

static int create_irqchip(const struct kvm *kvm)
{
	uint64_t identity_map = IDENTITY_MAP_GPA;
	struct kvm_pit_config pit = { .flags = KVM_PIT_SPEAKER_DUMMY };
	int ret;

	ret = vm_ioctl_value(kvm, KVM_SET_TSS_ADDR, TSS_GPA);
	if (!ret)
		ret = kvm_set(kvm->vm_fd, KVM_SET_IDENTITY_MAP_ADDR, &identity_map);
	if (!ret)
		ret = vm_ioctl_value(kvm, KVM_CREATE_IRQCHIP, 0);
	if (!ret)
		ret = kvm_set(kvm->vm_fd, KVM_CREATE_PIT2, &pit);
	return ret;
}

static int add_ram(struct kvm *kvm, const struct ram_region *region, struct error *err)
{
	struct kvm_userspace_memory_region slot = {
		.slot = kvm->nr_slots,
		.guest_phys_addr = region->gpa,
		.memory_size = region->size,
		.userspace_addr = (uintptr_t)region->host,
	};
	int ret = kvm_set(kvm->vm_fd, KVM_SET_USER_MEMORY_REGION, &slot);

	if (ret)
		return error_set(
			err, -ret,
			"--mem: KVM refuses %llu MiB at %#llx (%s); give less memory",
			mib(region->size), (unsigned long long)region->gpa,
			strerror(-ret));
	kvm->nr_slots++;
	return 0;
}

int kvm_create_vm(struct kvm *kvm, const struct guest_memory *mem, struct error *err)
{
	unsigned int i;
	int ret = 0;

	kvm->vm_fd = ioctl(kvm->dev_fd, KVM_CREATE_VM, 0);
	if (kvm->vm_fd < 0)
		return error_set(err, errno,
				 KVM_PATH ": makes no virtual machine (%s); is "
					  "another hypervisor running?",
				 strerror(errno));
	/* RAM first: where the order is the other way, each of these waits in the host kernel
	 * until nobody uses what the one before has changed. */
	for (i = 0; i < mem->ram.nr && !ret; i++)
		ret = add_ram(kvm, &mem->ram.region[i], err);
	if (ret)
		return ret;
	ret = create_irqchip(kvm);
	if (ret)
		return error_set(err, -ret,
				 KVM_PATH
				 ": makes no interrupt controller (%s); use a newer "
				 "host kernel",
				 strerror(-ret));
	return 0;
}

void kvm_close(struct kvm *kvm)
{
	if (kvm->vm_fd >= 0)
		close(kvm->vm_fd);
	if (kvm->dev_fd >= 0)
		close(kvm->dev_fd);
	free(kvm->cpuid);
	*kvm = (struct kvm){ .dev_fd = -1, .vm_fd = -1 };
}

int irqchip_get(const struct kvm *kvm, struct irqchip_state *state)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < 3 && !ret; i++) {
		state->chips[i].chip_id = i;
		ret = kvm_get(kvm->vm_fd, KVM_GET_IRQCHIP, &state->chips[i]);
	}
	return ret ? ret : kvm_get(kvm->vm_fd, KVM_GET_PIT2, &state->pit);
}

int irqchip_set(const struct kvm *kvm, const struct irqchip_state *state)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < 3 && !ret; i++)
		ret = kvm_set(kvm->vm_fd, KVM_SET_IRQCHIP, &state->chips[i]);
	return ret ? ret : kvm_set(kvm->vm_fd, KVM_SET_PIT2, &state->pit);
}
