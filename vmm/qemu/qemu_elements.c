/* SPDX-License-Identifier: MIT */
/* Which element of a domain's XML makes libvirt write an option that is refused. */
#include <fnmatch.h>
#include <stddef.h>
#include <string.h>

#include "vmm/qemu/qemu_opts.h"

static const struct {
	const char *option;
	const char *kind; /* a pattern; NULL: any */
	const char *name; /* of the property; NULL: the option, or device, itself */
	const char *element;
} elements[] = {
	{ "-no-acpi", NULL, NULL, "add <features><acpi/></features>" },
	{ "-bios", NULL, NULL, "<os><loader>" },
	{ "-drive", NULL, NULL, "<os><loader type='pflash'>" },
	{ "-dtb", NULL, NULL, "<os><dtb>" },
	{ "-usb", NULL, NULL, "<controller type='usb' model='none'/>" },
	{ "-mem-path", NULL, NULL, "<memoryBacking><hugepages/>" },
	{ "-mem-prealloc", NULL, NULL, "<memoryBacking><allocation mode='immediate'/>" },
	{ "-numa", NULL, NULL, "<cpu><numa>" },
	{ "-netdev", NULL, NULL, "<interface>" },
	{ "-vnc", NULL, NULL, "<graphics type='vnc'>" },
	{ "-spice", NULL, NULL, "<graphics type='spice'>" },
	{ "-vga", NULL, NULL, "<video>" },
	{ "-incoming", NULL, NULL,
	  "<on_crash>, or a saved state: there is no migration" },
	{ "-loadvm", NULL, NULL, "<domainsnapshot>" },
	{ "-smbios", NULL, NULL, "<sysinfo> or <os><smbios>" },
	{ "-fw_cfg", NULL, NULL, "<sysinfo type='fwcfg'>" },
	{ "-tpmdev", NULL, NULL, "<tpm>" },
	{ "-fsdev", NULL, NULL, "<filesystem>" },
	{ "-watchdog-action", NULL, NULL, "<watchdog>" },
	{ "-iscsi", NULL, NULL, "<disk type='network'>" },
	{ "-sandbox", NULL, NULL, "seccomp_sandbox = 0 in qemu.conf" },
	{ "-global", NULL, NULL, "<pm>, or <timer> in <clock>" },

	{ "-device", "*usb*", NULL, "<controller type='usb' model='none'/>" },
	{ "-device", "usb-*", NULL, "<input>, <hub> or <redirdev> on USB" },
	{ "-device", "*vga*", NULL, "<video>" },
	{ "-device", "*VGA*", NULL, "<video>" },
	{ "-device", "virtio-gpu*", NULL, "<video>" },
	{ "-device", "qxl*", NULL, "<video>" },
	{ "-device", "bochs-display", NULL, "<video>" },
	{ "-device", "virtio-net*", NULL, "<interface>" },
	{ "-device", "e1000*", NULL, "<interface>" },
	{ "-device", "rtl8139", NULL, "<interface>" },
	{ "-device", "ide-*", NULL, "<disk><target bus='virtio'/>" },
	{ "-device", "scsi-*", NULL, "<disk><target bus='virtio'/>" },
	{ "-device", "virtio-scsi*", NULL, "<controller type='scsi'>" },
	{ "-device", "ahci", NULL, "<controller type='sata'>" },
	{ "-device", "pci-bridge", NULL, "<controller type='pci' model='pci-bridge'/>" },
	{ "-device", "pcie-*", NULL, "<controller type='pci' model='pcie-root-port'/>" },
	{ "-device", "vfio-*", NULL, "<hostdev>" },
	{ "-device", "virtserialport", NULL, "<channel>" },
	{ "-device", "virtio-9p*", NULL, "<filesystem>" },
	{ "-device", "vhost-*", NULL, "<filesystem> or <vsock>" },
	{ "-device", "virtio-mem*", NULL, "<memory model='virtio-mem'>" },
	{ "-device", "virtio-input*", NULL, "<input bus='virtio'>" },
	{ "-device", "virtio-keyboard*", NULL, "<input bus='virtio'>" },
	{ "-device", "virtio-mouse*", NULL, "<input bus='virtio'>" },
	{ "-device", "virtio-tablet*", NULL, "<input bus='virtio'>" },
	{ "-device", "pvpanic*", NULL, "<panic model='isa'/>" },
	{ "-device", "i6300esb", NULL, "<watchdog>" },
	{ "-device", "ib700", NULL, "<watchdog>" },
	{ "-device", "tpm-*", NULL, "<tpm>" },
	{ "-device", "*hda*", NULL, "<sound>" },
	{ "-object", "iothread", NULL, "<iothreads>" },
	{ "-object", "secret", NULL, "<secret> or <encryption>" },
	{ "-object", "memory-backend-file", NULL,
	  "<memoryBacking><source type='file'/>" },
	{ "-object", "throttle-group", NULL, "<iotune>" },
	{ "-object", "rng-*", NULL, "<rng><backend model='random'>" },
	{ "-object", "input-linux", NULL, "<input type='evdev'>" },
	{ "-object", "sev-guest", NULL, "<launchSecurity>" },

	{ "-m", NULL, "slots", "<maxMemory>" },
	{ "-m", NULL, "maxmem", "<maxMemory>" },
	{ "-rtc", NULL, "base", "<clock offset='utc'/>" },
	{ "-rtc", NULL, "driftfix", "<clock><timer name='rtc' tickpolicy=..>" },
	{ "-rtc", NULL, "clock", "<clock><timer name='rtc' track=..>" },
	{ "-boot", NULL, NULL, "<boot>, <bootmenu> or <bios> in <os>" },
	{ "-machine", NULL, "hpet", "<clock><timer name='hpet' present='no'/>" },
	{ "-machine", NULL, "usb", "<controller type='usb' model='none'/>" },
	{ "-machine", NULL, "vmport", "<features><vmport state='off'/>" },
	{ "-machine", NULL, "smm", "<features><smm state='off'/>" },
	{ "-machine", NULL, "acpi", "<features><acpi/></features>" },
	{ "-machine", NULL, "dump-guest-core", "<memory dumpCore='off'>" },
	{ "-machine", NULL, "mem-merge", "<memoryBacking><nosharepages/>" },
	{ "-machine", NULL, "kernel_irqchip", "<features><ioapic driver='kvm'/>" },
	{ "-overcommit", NULL, "mem-lock", "<memoryBacking><locked/>" },
	{ "-blockdev", NULL, "discard", "<driver discard='unmap'>" },
	{ "-blockdev", NULL, "detect-zeroes", "<driver detect_zeroes='off'>" },
	{ "-blockdev", NULL, "aio", "<driver io='threads'>, 'native' or 'io_uring'" },
	{ "-device", "virtio-blk-pci", "iothread", "<driver iothread=..>" },
	{ "-device", "virtio-blk-pci", "num-queues", "<driver queues=..>" },
	{ "-device", "virtio-blk-pci", "queue-size", "<driver queue_size=..>" },
	{ "-device", "virtio-blk-pci", "share-rw", "<shareable/>" },
	{ "-device", "virtio-blk-pci", "*block_size", "<blockio>" },
	{ "-device", "virtio-blk-pci", "scsi", "<disk device='lun'>" },
	{ "-device", "virtio-rng-pci", "max-bytes", "<rng><rate>" },
	{ "-device", "virtio-rng-pci", "period", "<rng><rate>" },
	{ "-device", "virtio-*", "ats", "<driver ats='on'>" },
	{ "-device", "virtio-*", "packed", "<driver packed='off'>" },
	{ "-device", "virtio-*", "disable-legacy", "<... model='virtio'>" },
	{ "-chardev", NULL, "log*", "<log> of the <serial> or <console>" },
	{ "-chardev", NULL, "reconnect", "<source><reconnect>" },
	{ "-chardev", NULL, "mux", "a character device that two share" },
	{ "-name", NULL, "process", "set_process_name = 0 in qemu.conf" },
	{ "-object", "memory-backend-*", "prealloc",
	  "<memoryBacking><allocation mode='immediate'/>" },
	{ "-object", "memory-backend-*", "host-nodes", "<numatune>" },
	{ "-object", "memory-backend-*", "policy", "<numatune>" },
};

const char *qemu_element(const char *option, const char *kind, const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(elements) / sizeof(elements[0]); i++) {
		const char *k = elements[i].kind, *n = elements[i].name;

		if (!strcmp(elements[i].option, option) &&
		    (!k || (kind && !fnmatch(k, kind, 0))) &&
		    (!n || (name && !fnmatch(n, name, 0))) && (n || !name || !k))
			return elements[i].element;
	}
	return NULL;
}
