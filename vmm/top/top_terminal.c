/* SPDX-License-Identifier: MIT */
/*
 * The page on a terminal.
 *
 * Signals only leave a note: the loop sees it, gives the terminal back and returns.  They are
 * blocked but while the loop waits, so that none comes between looking and waiting.
 */
#include <errno.h>
#include <locale.h>
#include <ncurses.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "vmm/top/top.h"

#define PROMPT_MAX  12
#define PATIENCE_MS 500 /* with the monitor, while keys wait */

struct screen {
	struct top *top;
	SCREEN *screen;
	size_t first; /* of the caches that are seen */
	bool help;
	bool leave;
	bool asking; /* for the delay: prompt is what was typed so far */
	char prompt[PROMPT_MAX + 1];
	struct timespec next; /* the next look */
};

static volatile sig_atomic_t caught;

static void on_signal(int signal_number)
{
	caught = signal_number;
}

/* --- colours ----------------------------------------------------------------------------- */

/* As in the pictures, as far as a terminal can: of 8 colours, and of 256. */
static const struct {
	short eight, many;
} kinds[FRAME_KINDS] = {
	[FRAME_NONE] = { COLOR_BLACK, 16 },	 [FRAME_FREE] = { COLOR_WHITE, 153 },
	[FRAME_FRESH] = { COLOR_WHITE, 195 },	 [FRAME_PCP] = { COLOR_CYAN, 116 },
	[FRAME_PAGES] = { COLOR_BLUE, 32 },	 [FRAME_MOVABLE] = { COLOR_CYAN, 80 },
	[FRAME_ISOLATED] = { COLOR_RED, 203 },	 [FRAME_CMA] = { COLOR_YELLOW, 137 },
	[FRAME_SLAB] = { COLOR_RED, 208 },	 [FRAME_KMALLOC] = { COLOR_YELLOW, 178 },
	[FRAME_KFENCE] = { COLOR_GREEN, 106 },	 [FRAME_TABLE] = { COLOR_MAGENTA, 169 },
	[FRAME_USER] = { COLOR_GREEN, 78 },	 [FRAME_VMALLOC] = { COLOR_MAGENTA, 99 },
	[FRAME_KERNEL] = { COLOR_BLACK, 240 },	 [FRAME_STRUCTS] = { COLOR_BLACK, 246 },
	[FRAME_RESERVED] = { COLOR_BLACK, 250 }, [FRAME_KEPT_BACK] = { COLOR_BLACK, 186 },
};

#define PAIR_BAD  1
#define PAIR_KIND 2

static void set_colours(void)
{
	unsigned int i;

	if (!has_colors())
		return;
	start_color();
	use_default_colors();
	init_pair(PAIR_BAD, COLOR_RED, -1);
	for (i = 0; i < FRAME_KINDS; i++) {
		int ground = COLORS >= 256 ? kinds[i].many : kinds[i].eight;

		init_pair((short)(PAIR_KIND + i),
			  ground == COLOR_BLACK ? COLOR_WHITE : COLOR_BLACK,
			  (short)ground);
	}
}

static attr_t look_of(unsigned int style)
{
	switch (style) {
	case STYLE_TITLE:
		return A_BOLD;
	case STYLE_HEAD:
		return A_REVERSE;
	case STYLE_SORTED:
		return A_REVERSE | A_BOLD;
	case STYLE_BAD:
		return A_BOLD | (has_colors() ? COLOR_PAIR(PAIR_BAD) : 0);
	default:
		if (style < STYLE_KIND || !has_colors())
			return A_NORMAL;
		return COLOR_PAIR(PAIR_KIND + style - STYLE_KIND);
	}
}

/* --- painting ---------------------------------------------------------------------------- */

static void paint_row(const struct top_row *row, int y)
{
	unsigned int i;

	move(y, 0);
	for (i = 0; i < row->used && i < (unsigned int)COLS; i++)
		addch((chtype)(unsigned char)row->text[i] | look_of(row->style[i]));
	/* The head of a table goes on to the edge. */
	if (row->used && row->style[row->used - 1] == STYLE_HEAD)
		for (; i < (unsigned int)COLS; i++)
			addch(' ' | A_REVERSE);
}

/* How many rows there are for caches. */
static size_t room(const struct screen *s)
{
	size_t head = s->top->page.head, lines = (size_t)LINES;

	return lines > head ? lines - head : 0;
}

static void keep_in_sight(struct screen *s)
{
	const struct top_page *page = &s->top->page;
	size_t nr = page->nr - page->head, seen = room(s);
	size_t last = nr > seen ? nr - seen : 0;

	if (s->first > last)
		s->first = last;
}

static int paint(struct screen *s)
{
	struct top_page *page = &s->top->page;
	size_t i;
	int ret, y = 0;

	page->width = (unsigned int)COLS;
	s->top->settings.strip_rows = LINES >= 40 ? 4 : LINES >= 30 ? 2 : 1;
	ret = s->help ? top_page_help(page, &s->top->settings) : top_fill(s->top);
	if (ret)
		return ret;
	keep_in_sight(s);
	erase();
	for (i = 0; i < page->nr && y < LINES; i++)
		if (i < page->head || i >= page->head + s->first)
			paint_row(&page->row[i], y++);
	if (s->asking)
		mvprintw(LINES - 1, 0, "seconds between two looks: %s_", s->prompt);
	refresh();
	return 0;
}

/* --- keys -------------------------------------------------------------------------------- */

static void plan(struct screen *s, double seconds)
{
	clock_gettime(CLOCK_MONOTONIC, &s->next);
	s->next.tv_sec += (time_t)seconds;
	s->next.tv_nsec += (long)((seconds - (double)(time_t)seconds) * 1e9);
	if (s->next.tv_nsec >= 1000000000) {
		s->next.tv_nsec -= 1000000000;
		s->next.tv_sec++;
	}
}

static void scroll_by(struct screen *s, long n)
{
	if (n < 0 && (size_t)-n > s->first)
		s->first = 0;
	else
		s->first += (size_t)n;
}

static void type_delay(struct screen *s, int key)
{
	size_t n = strlen(s->prompt);
	double delay;

	if (key == KEY_BACKSPACE || key == 127 || key == '\b') {
		if (n)
			s->prompt[n - 1] = '\0';
	} else if ((key >= '0' && key <= '9') || key == '.') {
		if (n < PROMPT_MAX)
			s->prompt[n] = (char)key;
	} else if (key == '\n' || key == '\r' || key == KEY_ENTER) {
		delay = strtod(s->prompt, NULL);
		if (delay >= TOP_DELAY_MIN && delay <= TOP_DELAY_MAX)
			s->top->settings.delay = delay;
		s->asking = false;
		plan(s, s->top->settings.delay);
	} else if (key != KEY_RESIZE) {
		s->asking = false;
	}
}

static void sort_key(struct screen *s, int key)
{
	struct top_settings *t = &s->top->settings;
	int nr = (int)top_nr_sorts, found;

	if (key == '<')
		t->sort = (t->sort + nr - 1) % nr;
	else if (key == '>' || key == KEY_F(6))
		t->sort = (t->sort + 1) % nr;
	else if (key == 'I')
		t->reversed = !t->reversed;
	else if (key > 0 && key < 128 && (found = top_sort_find((char)key)) >= 0)
		t->sort = found;
}

static void press(struct screen *s, int key)
{
	if (s->asking) {
		type_delay(s, key);
		return;
	}
	if (s->help && key != KEY_RESIZE) {
		s->help = false;
		return;
	}
	switch (key) {
	case 'q':
	case KEY_F(10):
		s->leave = true;
		break;
	case 'h':
	case '?':
	case KEY_F(1):
		s->help = true;
		break;
	case ' ':
		plan(s, 0);
		break;
	case 'Z':
		s->top->settings.paused = !s->top->settings.paused;
		plan(s, 0);
		break;
	case 'd':
		s->asking = true;
		memset(s->prompt, 0, sizeof(s->prompt));
		break;
	case KEY_UP:
	case KEY_DOWN:
		scroll_by(s, key == KEY_UP ? -1 : 1);
		break;
	case KEY_PPAGE:
	case KEY_NPAGE:
		scroll_by(s, key == KEY_PPAGE ? -(long)room(s) : (long)room(s));
		break;
	case KEY_HOME:
		s->first = 0;
		break;
	case KEY_END:
		s->first = TOP_ROWS_MAX;
		break;
	default:
		sort_key(s, key);
	}
}

/* --- the loop ---------------------------------------------------------------------------- */

static struct timespec time_left(const struct screen *s)
{
	struct timespec now, left;

	clock_gettime(CLOCK_MONOTONIC, &now);
	left.tv_sec = s->next.tv_sec - now.tv_sec;
	left.tv_nsec = s->next.tv_nsec - now.tv_nsec;
	if (left.tv_nsec < 0) {
		left.tv_nsec += 1000000000;
		left.tv_sec--;
	}
	if (left.tv_sec < 0)
		left.tv_sec = left.tv_nsec = 0;
	return left;
}

/* Waits for a key, a signal or the time.  True: it is time to look. */
static bool wait_for_something(struct screen *s, const sigset_t *open)
{
	struct pollfd fd = { .fd = STDIN_FILENO, .events = POLLIN };
	struct timespec left = time_left(s);
	bool held = s->top->settings.paused || s->asking || s->help;
	int n = ppoll(&fd, 1, held ? NULL : &left, open);
	int key;

	if (fd.revents & (POLLHUP | POLLERR) && n > 0)
		caught = SIGHUP;
	while ((key = getch()) != ERR)
		press(s, key);
	left = time_left(s);
	return !s->top->settings.paused && !left.tv_sec && !left.tv_nsec;
}

static int loop(struct screen *s, unsigned int looks, const sigset_t *open,
		struct error *err)
{
	unsigned int nr = 1;
	int ret = paint(s);

	plan(s, s->top->settings.delay);
	while (!ret && !s->leave && !caught) {
		if (wait_for_something(s, open)) {
			if (looks && nr++ == looks)
				break;
			ret = top_look(s->top, err);
			plan(s, s->top->settings.delay);
		}
		if (!ret)
			ret = paint(s);
	}
	return ret;
}

static int enter(struct screen *s, struct error *err)
{
	setlocale(LC_CTYPE, "");
	s->screen = newterm(NULL, stdout, stdin);
	if (!s->screen)
		return error_set(
			err, ENOTTY,
			"the terminal %s is not known here; set TERM, or give -b",
			getenv("TERM") ? getenv("TERM") : "(no TERM)");
	cbreak();
	noecho();
	nodelay(stdscr, TRUE);
	keypad(stdscr, TRUE);
	set_escdelay(50);
	curs_set(0);
	set_colours();
	return 0;
}

/* Those that end it, and the one that says that the window has another size, which ncurses
 * takes care of. */
static void take_signals(sigset_t *open)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t ours;
	size_t i;

	sigemptyset(&ours);
	sigaddset(&ours, SIGWINCH);
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		sigaction(ends[i], &action, NULL);
		sigaddset(&ours, ends[i]);
	}
	sigprocmask(SIG_BLOCK, &ours, open);
}

int top_terminal(struct top *top, unsigned int looks, int *signal_number,
		 struct error *err)
{
	struct screen s = { .top = top };
	sigset_t open;
	int ret;

	top->source.patience_ms = PATIENCE_MS;
	take_signals(&open);
	ret = enter(&s, err);
	if (!ret) {
		ret = loop(&s, looks, &open, err);
		endwin();
		delscreen(s.screen);
		if (ret == -ENOMEM)
			error_set(err, ENOMEM, "no memory for a page");
	}
	sigprocmask(SIG_SETMASK, &open, NULL);
	*signal_number = caught;
	return ret;
}
