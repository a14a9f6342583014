/* SPDX-License-Identifier: MIT */
/*
 * An ELF core as a source: one of ours, or another monitor's (QEMU's dump-guest-memory),
 * whose segments then tell where RAM is.  The file may hold anything, and may be cut off: all
 * is checked against its length, and read with pread(2), so that a file that shrinks is an
 * error and no signal.
 */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/boot/loader_elf.h"
#include "vmm/dump/dump_notes.h"
#include "vmm/inspect/view_internal.h"

#define PAGE	  4096ull
#define NOTES_MAX (16u << 20) /* bytes: some thousand vCPUs */

struct core {
	struct view_source source; /* the first: one is the other */
	const struct guest_facts *facts;
	int fd;
	uint64_t size;
	Elf64_Ehdr header;
	Elf64_Phdr *phdr; /* header.e_phnum of them */
	bool has_facts;
	unsigned int nr_status, nr_full, room; /* notes of each kind met; of cpus */
	struct dump_cpu *cpus;
};

static bool range_in(uint64_t start, uint64_t len, uint64_t end)
{
	return start <= end && len <= end - start;
}

static int no_core(const struct view *view, const char *why, struct error *err)
{
	return error_set(err, ENOEXEC, "%s: %s", view->name, why);
}

/* --- reading ------------------------------------------------------------------------------ */

static int read_core(struct view_source *source, uint64_t gpa, uint8_t *host, size_t len)
{
	const struct core *core = (const struct core *)source;
	int region = facts_find(core->facts, gpa, len);

	if (region < 0)
		return -EFAULT;
	return read_exactly(core->fd, host, len,
			    core->facts->region[region].at +
				    (gpa - core->facts->region[region].gpa));
}

static int tell_registers(struct view_source *source, struct dump_cpu *cpus,
			  unsigned int nr, struct error *err)
{
	const struct core *core = (const struct core *)source;

	if (core->nr_status < nr)
		return error_set(err, ENODATA, "the core has registers of %u of %u vCPUs",
				 core->nr_status, nr);
	memcpy(cpus, core->cpus, nr * sizeof(*cpus));
	return 0;
}

static void close_core(struct view_source *source)
{
	struct core *core = (struct core *)source;

	close(core->fd);
	free(core->phdr);
	free(core->cpus);
	free(core);
}

/* --- notes -------------------------------------------------------------------------------- */

static struct dump_cpu *cpu_at(struct core *core, unsigned int i)
{
	struct dump_cpu *more;
	unsigned int room = core->room ? core->room * 2 : 8;

	if (i >= FACTS_CPUS_MAX)
		return NULL;
	if (i >= core->room) {
		more = reallocarray(core->cpus, room, sizeof(*more));
		if (!more)
			return NULL;
		memset(more + core->room, 0, (room - core->room) * sizeof(*more));
		core->cpus = more;
		core->room = room;
	}
	return &core->cpus[i];
}

static void take_status(struct core *core, const uint8_t *bytes)
{
	struct dump_cpu *cpu = cpu_at(core, core->nr_status);
	struct prstatus s;

	if (!cpu)
		return;
	memcpy(&s, bytes, sizeof(s));
	core->nr_status++;
	cpu->regs = (struct kvm_regs){
		.rax = s.rax,
		.rbx = s.rbx,
		.rcx = s.rcx,
		.rdx = s.rdx,
		.rsi = s.rsi,
		.rdi = s.rdi,
		.rsp = s.rsp,
		.rbp = s.rbp,
		.r8 = s.r8,
		.r9 = s.r9,
		.r10 = s.r10,
		.r11 = s.r11,
		.r12 = s.r12,
		.r13 = s.r13,
		.r14 = s.r14,
		.r15 = s.r15,
		.rip = s.rip,
		.rflags = s.rflags,
	};
	cpu->sregs.cs.selector = (uint16_t)s.cs;
	cpu->sregs.fs.base = s.fs_base;
	cpu->sregs.gs.base = s.gs_base;
}

static void take_full(struct core *core, const uint8_t *bytes)
{
	struct dump_cpu *cpu = cpu_at(core, core->nr_full);
	struct qemu_cpu q;

	if (!cpu)
		return;
	memcpy(&q, bytes, sizeof(q));
	core->nr_full++;
	cpu->sregs.cr0 = q.cr[0];
	cpu->sregs.cr2 = q.cr[2];
	cpu->sregs.cr3 = q.cr[3];
	cpu->sregs.cr4 = q.cr[4];
	cpu->sregs.cs.selector = (uint16_t)q.cs.selector;
	cpu->sregs.cs.dpl = q.cs.flags >> 13 & 3;
	cpu->sregs.fs.base = q.fs.base;
	cpu->sregs.gs.base = q.gs.base;
}

static int take_note(struct view *view, struct core *core, const Elf64_Nhdr *head,
		     const char *owner, const uint8_t *bytes, struct error *err)
{
	if (!strcmp(owner, "CORE") && head->n_type == NT_PRSTATUS &&
	    head->n_descsz == sizeof(struct prstatus))
		take_status(core, bytes);
	else if (!strcmp(owner, QEMU_NOTE_OWNER) && head->n_type == QEMU_NOTE_TYPE &&
		 head->n_descsz >= sizeof(struct qemu_cpu))
		take_full(core, bytes);
	else if (!strcmp(owner, FACTS_NOTE_OWNER) && head->n_type == FACTS_NOTE_TYPE &&
		 !core->has_facts) {
		core->has_facts = true;
		return facts_parse(&view->facts, (const char *)bytes, head->n_descsz,
				   view->name, err);
	}
	return 0;
}

/* Notes that overrun their end are none. */
static int walk_notes(struct view *view, struct core *core, const uint8_t *notes,
		      uint64_t size, struct error *err)
{
	uint64_t at = 0;
	int ret = 0;

	while (!ret && range_in(at, sizeof(Elf64_Nhdr), size)) {
		Elf64_Nhdr head;
		char owner[16] = "";
		uint64_t name, text;

		memcpy(&head, notes + at, sizeof(head));
		name = at + sizeof(head);
		text = name + (((uint64_t)head.n_namesz + NOTE_ALIGN - 1) & -NOTE_ALIGN);
		if (!range_in(name, head.n_namesz, size) ||
		    !range_in(text, head.n_descsz, size))
			break;
		if (head.n_namesz < sizeof(owner))
			memcpy(owner, notes + name, head.n_namesz);
		owner[sizeof(owner) - 1] = '\0';
		ret = take_note(view, core, &head, owner, notes + text, err);
		at = text + (((uint64_t)head.n_descsz + NOTE_ALIGN - 1) & -NOTE_ALIGN);
	}
	return ret;
}

static int read_notes(struct view *view, struct core *core, const Elf64_Phdr *p,
		      struct error *err)
{
	uint8_t *notes;
	int ret;

	if (p->p_filesz > NOTES_MAX)
		return no_core(view, "its notes are too long", err);
	notes = malloc(p->p_filesz + 1);
	if (!notes)
		return error_set(err, ENOMEM, "%s: no memory", view->name);
	ret = read_exactly(core->fd, notes, p->p_filesz, p->p_offset);
	ret = ret ? error_set(err, -ret, "%s: %s", view->name, strerror(-ret))
		  : walk_notes(view, core, notes, p->p_filesz, err);
	free(notes);
	return ret;
}

/* --- RAM ---------------------------------------------------------------------------------- */

static int by_paddr(const void *a, const void *b)
{
	uint64_t x = ((const Elf64_Phdr *)a)->p_paddr,
		 y = ((const Elf64_Phdr *)b)->p_paddr;

	return x < y ? -1 : x > y;
}

/* Adds a segment's whole pages: to the last region where both go on alike in the file (what
 * lies between is RAM that no page table maps), or as a new one. */
static int add_segment(struct view *view, const Elf64_Phdr *p, struct error *err)
{
	struct guest_facts *f = &view->facts;
	struct facts_region *last = f->nr_regions ? &f->region[f->nr_regions - 1] : NULL;
	uint64_t skip = -p->p_paddr % PAGE, end, gpa, size;

	if (p->p_filesz < skip + PAGE)
		return 0;
	gpa = p->p_paddr + skip;
	size = (p->p_filesz - skip) & ~(PAGE - 1);
	if (__builtin_add_overflow(gpa, size, &end))
		return no_core(view, "a segment of it wraps", err);
	if (last && p->p_offset + skip - last->at == gpa - last->gpa) {
		if (end > last->gpa + last->size)
			last->size = end - last->gpa;
		return 0;
	}
	if (last && gpa < last->gpa + last->size)
		return 0; /* there already */
	if (f->nr_regions == RAM_MAX_REGIONS)
		return no_core(view, "its RAM is in too many pieces", err);
	f->region[f->nr_regions++] =
		(struct facts_region){ gpa, size, p->p_offset + skip };
	return 0;
}

static int find_ram(struct view *view, struct core *core, struct error *err)
{
	unsigned int i;
	int ret = 0;

	qsort(core->phdr, core->header.e_phnum, sizeof(*core->phdr), by_paddr);
	for (i = 0; i < core->header.e_phnum && !ret; i++)
		if (core->phdr[i].p_type == PT_LOAD)
			ret = add_segment(view, &core->phdr[i], err);
	if (!ret && !view->facts.nr_regions)
		return no_core(view, "no RAM of a guest is in it", err);
	view->facts.cpus = core->nr_status ? core->nr_status : 1;
	return ret;
}

/* Every region is all in the file. */
static int check_ram(const struct view *view, const struct core *core, struct error *err)
{
	unsigned int i;

	for (i = 0; i < view->facts.nr_regions; i++)
		if (!range_in(view->facts.region[i].at, view->facts.region[i].size,
			      core->size))
			return no_core(view, "is cut off: copy it again", err);
	return 0;
}

/* --- opening ------------------------------------------------------------------------------ */

static int read_headers(const struct view *view, struct core *core, struct error *err)
{
	Elf64_Ehdr *h = &core->header;
	uint64_t size;

	if (read_exactly(core->fd, h, sizeof(*h), 0) ||
	    memcmp(h->e_ident, ELFMAG, SELFMAG) != 0 ||
	    h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_ident[EI_DATA] != ELFDATA2LSB ||
	    h->e_machine != EM_X86_64 || h->e_type != ET_CORE)
		return no_core(view, "neither a machine that runs nor an ELF core", err);
	size = (uint64_t)h->e_phnum * sizeof(Elf64_Phdr);
	if (!size || h->e_phentsize != sizeof(Elf64_Phdr) ||
	    !range_in(h->e_phoff, size, core->size))
		return no_core(view, "is cut off, or no core of a guest", err);
	core->phdr = malloc(size);
	if (!core->phdr)
		return error_set(err, ENOMEM, "%s: no memory", view->name);
	return read_exactly(core->fd, core->phdr, size, h->e_phoff)
		       ? no_core(view, "cannot be read", err)
		       : 0;
}

static int read_all(struct view *view, struct core *core, struct error *err)
{
	int ret = read_headers(view, core, err);
	unsigned int i;

	for (i = 0; !ret && i < core->header.e_phnum; i++) {
		const Elf64_Phdr *p = &core->phdr[i];

		if (!range_in(p->p_offset, p->p_filesz, core->size))
			ret = no_core(view, "is cut off: copy it again", err);
		else if (p->p_type == PT_NOTE)
			ret = read_notes(view, core, p, err);
	}
	if (!ret && !core->has_facts)
		ret = find_ram(view, core, err);
	return ret ? ret : check_ram(view, core, err);
}

int view_open_core(struct view *view, int fd, struct error *err)
{
	struct core *core = calloc(1, sizeof(*core));
	struct stat st;

	if (!core) {
		close(fd);
		return error_set(err, ENOMEM, "%s: no memory", view->name);
	}
	core->source = (struct view_source){ read_core, tell_registers, close_core };
	core->facts = &view->facts;
	core->fd = fd;
	view->source = &core->source;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return no_core(view, "not a regular file", err);
	core->size = (uint64_t)st.st_size;
	return read_all(view, core, err);
}
