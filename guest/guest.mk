# guest/: the guest kernel, build/guest.elf: guest/ and mm/ compiled freestanding.
