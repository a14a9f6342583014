/* SPDX-License-Identifier: MIT */
/* The function an address lies in, for %pS; where only the file is known, that, and the
 * offset that addr2line wants. */
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <string.h>
#include "guest/include/guest/symbols.h"

const char *symbol_lookup(unsigned long addr, unsigned long *offset, unsigned long *size)
{
	const ElfW(Sym) *symbol = NULL;
	const char *file;
	Dl_info info;

	if (!dladdr1((void *)addr, &info, (void **)&symbol, RTLD_DL_SYMENT) ||
	    !info.dli_fname)
		return NULL;
	if (info.dli_sname) {
		*offset = addr - (unsigned long)info.dli_saddr;
		*size = symbol ? symbol->st_size : 0;
		return info.dli_sname;
	}
	file = strrchr(info.dli_fname, '/');
	*offset = addr - (unsigned long)info.dli_fbase;
	*size = 0;
	return file ? file + 1 : info.dli_fname;
}
