/* SPDX-License-Identifier: MIT */
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/boot/loader_elf.h"
#include "vmm/util/symbols.h"

#define TABLE_MAX (256u << 20) /* bytes of symbols, and of names */

/* A range of the file in memory of its own, with a zero behind it. */
static int load(int fd, uint64_t offset, uint64_t size, void **out)
{
	char *bytes;
	int ret;

	if (size > TABLE_MAX)
		return -ENOEXEC;
	bytes = malloc(size + 1);
	if (!bytes)
		return -ENOMEM;
	ret = read_exactly(fd, bytes, size, offset);
	if (ret) {
		free(bytes);
		return ret;
	}
	bytes[size] = '\0';
	*out = bytes;
	return 0;
}

static int read_sections(int fd, Elf64_Shdr **sections, unsigned int *nr)
{
	Elf64_Ehdr header;
	void *bytes;
	int ret = read_exactly(fd, &header, sizeof(header), 0);

	if (ret)
		return ret;
	if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
	    header.e_ident[EI_CLASS] != ELFCLASS64 ||
	    (header.e_shnum && header.e_shentsize != sizeof(Elf64_Shdr)))
		return -ENOEXEC;
	ret = load(fd, header.e_shoff, (uint64_t)header.e_shnum * sizeof(Elf64_Shdr),
		   &bytes);
	if (ret)
		return ret;
	*sections = bytes;
	*nr = header.e_shnum;
	return 0;
}

static int by_start(const void *a, const void *b)
{
	const struct symbol *left = a, *right = b;

	return left->start < right->start ? -1 : left->start > right->start;
}

/* The functions among n symbols; their names are in symbols->names, `size` bytes. */
static int take_functions(struct symbols *symbols, const Elf64_Sym *sym, size_t n,
			  uint64_t size)
{
	size_t i;

	symbols->symbol = calloc(n + 1, sizeof(*symbols->symbol));
	if (!symbols->symbol)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		struct symbol s = { sym[i].st_value, 0, symbols->names };

		if (ELF64_ST_TYPE(sym[i].st_info) != STT_FUNC || !sym[i].st_shndx ||
		    sym[i].st_name >= size || !sym[i].st_size ||
		    __builtin_add_overflow(s.start, sym[i].st_size, &s.end))
			continue;
		s.name += sym[i].st_name;
		symbols->symbol[symbols->nr++] = s;
	}
	qsort(symbols->symbol, symbols->nr, sizeof(*symbols->symbol), by_start);
	return 0;
}

static int read_table(struct symbols *symbols, int fd, const Elf64_Shdr *table,
		      const Elf64_Shdr *names)
{
	void *sym, *text;
	int ret = load(fd, names->sh_offset, names->sh_size, &text);

	if (ret)
		return ret;
	symbols->names = text;
	ret = load(fd, table->sh_offset, table->sh_size, &sym);
	if (ret)
		return ret;
	ret = take_functions(symbols, sym, table->sh_size / sizeof(Elf64_Sym),
			     names->sh_size);
	free(sym);
	return ret;
}

static int read_file(struct symbols *symbols, int fd)
{
	Elf64_Shdr *sections = NULL;
	unsigned int nr = 0, i;
	int ret = read_sections(fd, &sections, &nr);

	for (i = 0; i < nr && !ret; i++) {
		if (sections[i].sh_type != SHT_SYMTAB || sections[i].sh_link >= nr)
			continue;
		ret = read_table(symbols, fd, &sections[i],
				 &sections[sections[i].sh_link]);
		break;
	}
	free(sections);
	return ret;
}

int symbols_read(struct symbols *symbols, int fd)
{
	int ret;

	*symbols = (struct symbols){ 0 };
	ret = read_file(symbols, fd);
	if (ret)
		symbols_free(symbols);
	return ret;
}

void symbols_free(struct symbols *symbols)
{
	free(symbols->symbol);
	free(symbols->names);
	*symbols = (struct symbols){ 0 };
}

static int contains(const void *key, const void *element)
{
	const uint64_t *addr = key;
	const struct symbol *s = element;

	return *addr < s->start ? -1 : *addr >= s->end;
}

const struct symbol *symbols_find(const struct symbols *symbols, uint64_t addr)
{
	return symbols->nr ? bsearch(&addr, symbols->symbol, symbols->nr,
				     sizeof(*symbols->symbol), contains)
			   : NULL;
}

/* addr, named by the function that `inside` lies in. */
static void describe(const struct symbols *symbols, uint64_t addr, uint64_t inside,
		     char *buf, size_t size)
{
	const struct symbol *s = symbols_find(symbols, inside);

	if (s)
		snprintf(buf, size, "%s+%#llx", s->name,
			 (unsigned long long)(addr - s->start));
	else
		snprintf(buf, size, "%#llx", (unsigned long long)addr);
}

void symbols_describe(const struct symbols *symbols, uint64_t addr, char *buf,
		      size_t size)
{
	describe(symbols, addr, addr, buf, size);
}

void symbols_describe_return(const struct symbols *symbols, uint64_t addr, char *buf,
			     size_t size)
{
	describe(symbols, addr, addr - 1, buf, size);
}
