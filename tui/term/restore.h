/*
 * restore: gives the terminal back, whatever happens (F48): on a crash, an abort or a signal that
 * ends us, as on a normal way out.
 *
 * While armed, standard error is kept aside in memory when it is the terminal: a message of a
 * library or of BUG() would be lost in the middle of the screen. It comes out, made visible, when
 * the terminal is restored. One terminal at a time; the handlers call nothing but system calls.
 */
#ifndef TUI_TERM_RESTORE_H
#define TUI_TERM_RESTORE_H

#include "base/util.h"

struct termios;

#define RESTORE_MAX 256 /* bytes of the sequences */

/*
 * From now on: `in` goes back to `modes` and `out` gets `bytes` when a fatal signal arrives. bytes
 * that do not fit RESTORE_MAX are left out as a whole.
 */
void restore_arm(int in, int out, const struct termios *modes, const char *bytes, size_t len);
/* All of it now, and the handlers go. Every step is tried, whether the others work or not. */
void restore_now(void);
/* The same without the bytes: curses has sent its own. */
void restore_modes(void);
/* Back on the screen after restore_modes, as after a suspension. */
void restore_rearm(void);

#endif
