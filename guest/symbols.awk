# Reads `nm -n`, writes the table of function names that guest/kernel/symbols.c looks up:
# for each, in ascending order, its offset from the start of the text and where in the
# names its own begins.
BEGIN {
	n = place = 0
}
$3 == "_text" || $3 == "_etext" {
	bound[$3] = $1
	next
}
$2 ~ /^[tTwW]$/ && $3 !~ /^\./ && $3 != "_start" {
	address[n] = $1
	name[n++] = $3
}
END {
	print "\t.section .symbols, \"a\""
	print "\t.globl symbol_count, symbol_offsets, symbol_names"
	print "\t.balign 8"
	print "symbol_count: .quad " n
	print "symbol_offsets:"
	for (i = 0; i < n; i++) {
		print "\t.long 0x" address[i] " - 0x" bound["_text"] ", " place
		place += length(name[i]) + 1
	}
	print "\t.long 0x" bound["_etext"] " - 0x" bound["_text"] ", " place
	print "symbol_names:"
	for (i = 0; i < n; i++)
		print "\t.asciz \"" name[i] "\""
	print "\t.section .note.GNU-stack, \"\", @progbits"
}
