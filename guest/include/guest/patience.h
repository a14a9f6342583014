/* SPDX-License-Identifier: MIT */
/* How long drivers wait for an answer. */
#ifndef GUEST_PATIENCE_H
#define GUEST_PATIENCE_H

/* `usual` ticks, or what the command line says instead: io_timeout=MILLISECONDS. */
unsigned long io_patience(unsigned long usual);

#endif
