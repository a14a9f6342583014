/* SPDX-License-Identifier: MIT */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <abi/memstate.h>
#include <abi/platform.h>
#include <abi/pvh.h>

#include "vmm/boot/loader_elf.h"
#include "vmm/util/units.h"

#define PHDRS_MAX      128
#define NOTES_SIZE_MAX 65536

/* What is at hand while a file is examined. */
struct elf_file {
	const char *path;
	int fd;
	uint64_t size;
	Elf64_Ehdr header;
	Elf64_Phdr *phdrs; /* header.e_phnum of them */
	struct error *err;
};

int read_exactly(int fd, void *buf, uint64_t len, uint64_t offset)
{
	uint8_t *to = buf;

	while (len) {
		ssize_t n = pread(fd, to, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -ENODATA;
		to += n;
		len -= (uint64_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}

static bool range_in(uint64_t start, uint64_t len, uint64_t end)
{
	return start <= end && len <= end - start;
}

static int truncated(const struct elf_file *f)
{
	return error_set(f->err, ENODATA,
			 "kernel %s: is truncated; copy or build it again", f->path);
}

static int malformed(const struct elf_file *f, const char *what)
{
	return error_set(f->err, ENOEXEC, "kernel %s: %s; build it again", f->path, what);
}

static int not_elf(const struct elf_file *f)
{
	const uint8_t *start = (const uint8_t *)&f->header;

	if (start[0] == 'M' && start[1] == 'Z')
		return error_set(f->err, ENOEXEC,
				 "kernel %s: is a compressed bzImage; give its vmlinux "
				 "(Linux: scripts/extract-vmlinux)",
				 f->path);
	return error_set(f->err, ENOEXEC,
			 "kernel %s: is not ELF; give an ELF64 PVH kernel", f->path);
}

static int open_file(struct elf_file *f)
{
	struct stat st;

	/* O_NONBLOCK: naming a FIFO must not hang. */
	f->fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (f->fd < 0 || fstat(f->fd, &st))
		return error_set(
			f->err, errno,
			"kernel %s: %s; name an ELF64 PVH kernel that can be read",
			f->path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return error_set(
			f->err, EINVAL,
			"kernel %s: is not a regular file; give an ELF64 PVH kernel",
			f->path);
	f->size = (uint64_t)st.st_size;
	return 0;
}

static int read_header(struct elf_file *f)
{
	Elf64_Ehdr *h = &f->header;
	uint64_t have = f->size < sizeof(*h) ? f->size : sizeof(*h);

	memset(h, 0, sizeof(*h));
	if (read_exactly(f->fd, h, have, 0))
		return truncated(f);
	if (!have)
		return error_set(f->err, ENODATA, "kernel %s: is empty; build it again",
				 f->path);
	if (memcmp(h->e_ident, ELFMAG, SELFMAG) != 0)
		return not_elf(f);
	if (have < sizeof(*h))
		return truncated(f);
	if (h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_ident[EI_DATA] != ELFDATA2LSB ||
	    h->e_machine != EM_X86_64)
		return error_set(f->err, ENOEXEC,
				 "kernel %s: is not ELF64 for x86-64; build it with -m64",
				 f->path);
	if (h->e_type != ET_EXEC && h->e_type != ET_DYN)
		return malformed(f, "is ELF, but not linked to be run");
	return 0;
}

static int read_phdrs(struct elf_file *f)
{
	const Elf64_Ehdr *h = &f->header;
	uint64_t size = (uint64_t)h->e_phnum * sizeof(Elf64_Phdr);

	if (!h->e_phnum || h->e_phnum > PHDRS_MAX || h->e_phentsize != sizeof(Elf64_Phdr))
		return malformed(f, "its program headers are missing or malformed");
	if (!range_in(h->e_phoff, size, f->size))
		return truncated(f);
	f->phdrs = malloc(size);
	if (!f->phdrs)
		return error_set(f->err, ENOMEM, "kernel %s: no memory to read it",
				 f->path);
	if (read_exactly(f->fd, f->phdrs, size, h->e_phoff))
		return truncated(f);
	return 0;
}

static bool overlap(const struct kernel_segment *a, const struct kernel_segment *b)
{
	return a->paddr < b->paddr + b->memsz && b->paddr < a->paddr + a->memsz;
}

static int add_segment(const struct elf_file *f, const Elf64_Phdr *ph, struct kernel *k)
{
	struct kernel_segment *seg = &k->segments[k->nr_segments];
	uint64_t end;
	unsigned int i;

	if (!ph->p_memsz && !ph->p_filesz)
		return 0;
	if (ph->p_filesz > ph->p_memsz ||
	    __builtin_add_overflow(ph->p_paddr, ph->p_memsz, &end))
		return malformed(f, "a segment's sizes make no sense");
	if (!range_in(ph->p_offset, ph->p_filesz, f->size))
		return truncated(f);
	if (k->nr_segments == KERNEL_SEGMENTS_MAX)
		return malformed(f, "it has too many segments");
	*seg = (struct kernel_segment){ ph->p_offset, ph->p_filesz, ph->p_paddr,
					ph->p_memsz, ph->p_vaddr };
	for (i = 0; i < k->nr_segments; i++)
		if (overlap(seg, &k->segments[i]))
			return error_set(f->err, ENOEXEC,
					 "kernel %s: segments overlap at %#llx; mend its "
					 "linker script",
					 f->path, (unsigned long long)seg->paddr);
	k->nr_segments++;
	return 0;
}

/* A kind of note, and what the first one of it holds. */
struct wanted_note {
	const char *owner;
	uint32_t type;
	bool found; /* and well formed */
	uint64_t value; /* 4 or 8 bytes in the file */
};

static void take_note(struct wanted_note *want, const uint8_t *desc, uint32_t size)
{
	want->found = size == 4 || size == 8;
	if (want->found)
		memcpy(&want->value, desc, size);
}

/* Looks through the notes in buf; each part of a note is padded to `align`. */
static void find_note(const uint8_t *buf, uint64_t size, uint64_t align,
		      struct wanted_note *want)
{
	uint64_t at = 0;

	while (!want->found && range_in(at, sizeof(Elf64_Nhdr), size)) {
		Elf64_Nhdr note;
		uint64_t name, desc;

		memcpy(&note, buf + at, sizeof(note));
		name = at + sizeof(note);
		desc = at + ((sizeof(note) + note.n_namesz + align - 1) & ~(align - 1));
		if (!range_in(desc, note.n_descsz, size))
			return;
		if (note.n_type == want->type &&
		    note.n_namesz == strlen(want->owner) + 1 &&
		    memcmp(buf + name, want->owner, note.n_namesz) == 0)
			take_note(want, buf + desc, note.n_descsz);
		at = desc + ((note.n_descsz + align - 1) & ~(align - 1));
	}
}

/* The notes that matter to us. */
struct notes {
	struct wanted_note entry, memstate;
};

static int read_notes(const struct elf_file *f, const Elf64_Phdr *ph, struct notes *notes)
{
	uint64_t align = ph->p_align == 8 ? 8 : 4;
	uint8_t *buf;
	int ret = 0;

	if (!range_in(ph->p_offset, ph->p_filesz, f->size))
		return truncated(f);
	if (!ph->p_filesz || ph->p_filesz > NOTES_SIZE_MAX)
		return 0;
	buf = malloc(ph->p_filesz);
	if (!buf)
		return error_set(f->err, ENOMEM, "kernel %s: no memory to read it",
				 f->path);
	if (read_exactly(f->fd, buf, ph->p_filesz, ph->p_offset)) {
		ret = truncated(f);
	} else {
		find_note(buf, ph->p_filesz, align, &notes->entry);
		find_note(buf, ph->p_filesz, align, &notes->memstate);
	}
	free(buf);
	return ret;
}

static bool in_segment(const struct kernel *k, uint64_t gpa)
{
	unsigned int i;

	for (i = 0; i < k->nr_segments; i++)
		if (gpa - k->segments[i].paddr < k->segments[i].memsz)
			return true;
	return false;
}

static int read_phdr(struct elf_file *f, const Elf64_Phdr *ph, struct kernel *k,
		     struct notes *notes)
{
	if (ph->p_type == PT_LOAD)
		return add_segment(f, ph, k);
	return ph->p_type == PT_NOTE ? read_notes(f, ph, notes) : 0;
}

static int examine(struct elf_file *f, struct kernel *k)
{
	struct notes notes = {
		.entry = { "Xen", XEN_ELFNOTE_PHYS32_ENTRY, false, 0 },
		.memstate = { MEMSTATE_NOTE_OWNER, MEMSTATE_NOTE_TYPE, false, 0 },
	};
	unsigned int i;
	int ret = 0;

	for (i = 0; i < f->header.e_phnum && !ret; i++)
		ret = read_phdr(f, &f->phdrs[i], k, &notes);
	if (ret)
		return ret;
	if (!k->nr_segments)
		return malformed(f, "it has nothing to load");
	/* PVH wants an entry below 4 GiB. */
	if (!notes.entry.found || notes.entry.value > UINT32_MAX)
		return error_set(f->err, ENOEXEC,
				 "kernel %s: has no PVH note; build it with one "
				 "(Linux: CONFIG_PVH=y)",
				 f->path);
	k->entry = (uint32_t)notes.entry.value;
	k->memstate_gpa = notes.memstate.value;
	if (!in_segment(k, k->entry))
		return malformed(f, "its PVH entry is in no segment");
	return 0;
}

int kernel_open(struct kernel *k, const char *path, struct error *err)
{
	struct elf_file f = { .path = path, .fd = -1, .err = err };
	int ret;

	memset(k, 0, sizeof(*k));
	k->path = path;
	ret = open_file(&f);
	if (!ret)
		ret = read_header(&f);
	if (!ret)
		ret = read_phdrs(&f);
	if (!ret)
		ret = examine(&f, k);
	free(f.phdrs);
	k->fd = f.fd;
	if (ret)
		kernel_close(k);
	return ret;
}

void kernel_close(struct kernel *k)
{
	if (k->fd >= 0)
		close(k->fd);
	k->fd = -1;
}

/* The one run of usable RAM that a segment at gpa must fit in: its end, or 0. */
static uint64_t usable_end(const struct guest_memory *mem, uint64_t gpa)
{
	if (gpa < PV_EBDA_BASE)
		return PV_EBDA_BASE;
	if (gpa >= PV_HIMEM_BASE && gpa < PV_RAM_LOW_LIMIT)
		return memory_low_end(mem);
	if (gpa >= PV_RAM_HIGH_BASE && mem->ram.nr > 1)
		return mem->ram.region[1].gpa + mem->ram.region[1].size;
	return 0;
}

int kernel_check_fit(const struct kernel *k, const struct guest_memory *mem,
		     struct error *err)
{
	unsigned int i;

	for (i = 0; i < k->nr_segments; i++) {
		const struct kernel_segment *seg = &k->segments[i];
		uint64_t end = seg->paddr + seg->memsz;

		if (end <= usable_end(mem, seg->paddr))
			continue;
		if (seg->paddr >= PV_HIMEM_BASE && end <= PV_RAM_LOW_LIMIT)
			return error_set(err, ENOMEM,
					 "--mem %lluM: too small for kernel %s; give at "
					 "least %lluM",
					 mib(mem->size), k->path, mib_up(end));
		return error_set(err, ENOEXEC,
				 "kernel %s: segment %#llx-%#llx is outside RAM; link it "
				 "from 1 MiB up",
				 k->path, (unsigned long long)seg->paddr,
				 (unsigned long long)(end - 1));
	}
	return 0;
}

uint64_t kernel_low_end(const struct kernel *k)
{
	uint64_t last = 0;
	unsigned int i;

	for (i = 0; i < k->nr_segments; i++) {
		uint64_t end = k->segments[i].paddr + k->segments[i].memsz;

		if (end > last && end <= PV_RAM_LOW_LIMIT)
			last = end;
	}
	return last;
}

int kernel_load(const struct kernel *k, const struct guest_memory *mem, struct error *err)
{
	unsigned int i;

	for (i = 0; i < k->nr_segments; i++) {
		const struct kernel_segment *seg = &k->segments[i];
		void *to = ram_at(&mem->ram, seg->paddr, seg->memsz);

		if (read_exactly(k->fd, to, seg->filesz, seg->offset))
			return error_set(err, EIO,
					 "kernel %s: changed or failed while it was read",
					 k->path);
	}
	return 0;
}
