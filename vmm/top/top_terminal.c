/* SPDX-License-Identifier: MIT */
/*
 * The page on a terminal.
 *
 * Signals only leave a note: the loop sees it, gives the terminal back and returns.  They are
 * blocked but while the loop waits, so that none comes between looking and waiting.
 */
#include <ctype.h>
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

#define PATIENCE_MS 500 /* with the monitor, while keys wait */
#define BAR_LINES   12 /* with fewer there is no bar of keys */
#define KEY_ESCAPE  27
#define CTRL_L	    12

/* What is asked for in the last line, and what was typed so far. */
enum prompt { PROMPT_NONE, PROMPT_DELAY, PROMPT_SEARCH, PROMPT_FILTER };

struct screen {
	struct top *top;
	SCREEN *screen;
	size_t first; /* of the caches that are seen */
	bool help;
	bool leave;
	enum prompt prompt;
	char text[TOP_TERM_MAX + 1];
	char filter[TOP_TERM_MAX + 1]; /* what settings.filter is */
	char found[MEMSTATE_NAME_MAX]; /* the cache that a search stands at; "": none */
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

static void paint_row(const struct screen *s, const struct top_row *row, int y)
{
	attr_t found = row->name && !strcmp(row->name, s->found) ? A_STANDOUT : 0;
	unsigned int i;

	move(y, 0);
	for (i = 0; i < row->used && i < (unsigned int)COLS; i++)
		addch((chtype)(unsigned char)row->text[i] | look_of(row->style[i]) |
		      found);
	/* The head of a table goes on to the edge. */
	if (row->used && row->style[row->used - 1] == STYLE_HEAD)
		for (; i < (unsigned int)COLS; i++)
			addch(' ' | A_REVERSE);
}

/* Lines of the page: all but one for what is asked, or for the keys. */
static int page_lines(const struct screen *s)
{
	return s->prompt || (LINES >= BAR_LINES && !s->help) ? LINES - 1 : LINES;
}

/* How many rows there are for caches. */
static size_t room(const struct screen *s)
{
	size_t head = s->top->page.head, lines = (size_t)page_lines(s);

	return lines > head ? lines - head : 0;
}

/* The first row from `from` on, and round, whose cache has this in its name; -1: none. */
static long find_name(const struct top_page *page, size_t from, const char *text)
{
	size_t nr = page->nr - page->head, i;

	for (i = 0; *text && i < nr; i++) {
		size_t at = (from + i) % nr;
		const char *name = page->row[page->head + at].name;

		if (name && strcasestr(name, text))
			return (long)at;
	}
	return -1;
}

/* Where the found cache stands now; -1: there is none any more. */
static long place_of_found(const struct screen *s)
{
	const struct top_page *page = &s->top->page;
	size_t i;

	for (i = page->head; i < page->nr; i++)
		if (page->row[i].name && !strcmp(page->row[i].name, s->found))
			return (long)(i - page->head);
	return -1;
}

static void keep_in_sight(struct screen *s)
{
	const struct top_page *page = &s->top->page;
	size_t nr = page->nr - page->head, seen = room(s);
	size_t last = nr > seen ? nr - seen : 0;
	long found = s->prompt == PROMPT_SEARCH ? place_of_found(s) : -1;

	if (found >= 0 && ((size_t)found < s->first || (size_t)found >= s->first + seen))
		s->first = (size_t)found;
	if (s->first > last)
		s->first = last;
}

static void paint_bar(const struct screen *s)
{
	static const char *const prompts[] = {
		[PROMPT_DELAY] = "seconds between two looks",
		[PROMPT_SEARCH] = "search (F3: next)",
		[PROMPT_FILTER] = "only caches with (Esc: all)",
	};
	static const char *const keys[] = { "F1",     "Help", "F3",   "Search", "F4",
					    "Filter", "F6",   "Sort", "F10",	"Quit" };
	size_t i;

	move(LINES - 1, 0);
	if (s->prompt) {
		printw("%s: %s_%s", prompts[s->prompt], s->text,
		       s->prompt == PROMPT_SEARCH && *s->text && !*s->found ? " (none)"
									    : "");
		return;
	}
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		attrset(i % 2 ? A_REVERSE : A_NORMAL);
		printw(i % 2 ? "%-7s" : "%s", keys[i]);
	}
	attrset(A_NORMAL);
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
	for (i = 0; i < page->nr && y < page_lines(s); i++)
		if (i < page->head || i >= page->head + s->first)
			paint_row(s, &page->row[i], y++);
	if (page_lines(s) < LINES)
		paint_bar(s);
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

static void ask(struct screen *s, enum prompt prompt)
{
	s->prompt = prompt;
	memset(s->text, 0, sizeof(s->text));
	if (prompt == PROMPT_FILTER)
		memcpy(s->text, s->filter, sizeof(s->text));
	if (prompt == PROMPT_SEARCH)
		s->found[0] = '\0';
}

static void search_from(struct screen *s, size_t from)
{
	const struct top_page *page = &s->top->page;
	long at = find_name(page, from, s->text);

	snprintf(s->found, sizeof(s->found), "%s",
		 at < 0 ? "" : page->row[page->head + (size_t)at].name);
}

/* What was typed has changed: searching and filtering go along. */
static void typed(struct screen *s)
{
	if (s->prompt == PROMPT_SEARCH)
		search_from(s, 0);
	else if (s->prompt == PROMPT_FILTER)
		memcpy(s->filter, s->text, sizeof(s->filter));
}

static void enter_text(struct screen *s)
{
	double delay = strtod(s->text, NULL);

	if (s->prompt == PROMPT_DELAY && delay >= TOP_DELAY_MIN && delay <= TOP_DELAY_MAX)
		s->top->settings.delay = delay;
	s->prompt = PROMPT_NONE;
	plan(s, s->top->settings.delay);
}

static void give_up_text(struct screen *s)
{
	if (s->prompt == PROMPT_FILTER)
		s->filter[0] = '\0';
	else if (s->prompt == PROMPT_SEARCH)
		s->found[0] = '\0';
	s->prompt = PROMPT_NONE;
}

static bool may_be_typed(const struct screen *s, int key)
{
	if (s->prompt == PROMPT_DELAY)
		return (key >= '0' && key <= '9') || key == '.';
	return key >= ' ' && key < 127;
}

static void type(struct screen *s, int key)
{
	size_t n = strlen(s->text);

	if (key == KEY_BACKSPACE || key == 127 || key == '\b') {
		if (n)
			s->text[n - 1] = '\0';
		typed(s);
	} else if (may_be_typed(s, key)) {
		if (n < TOP_TERM_MAX)
			s->text[n] = (char)key;
		typed(s);
	} else if (key == KEY_F(3) && s->prompt == PROMPT_SEARCH) {
		search_from(s, (size_t)(place_of_found(s) + 1));
	} else if (key == '\n' || key == '\r' || key == KEY_ENTER) {
		enter_text(s);
	} else if (key != KEY_RESIZE) {
		give_up_text(s);
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
	else if (key > 0 && key < 128 && (found = top_sort_find((char)tolower(key))) >= 0)
		t->sort = found;
}

static void press(struct screen *s, int key)
{
	if (s->prompt) {
		type(s, key);
		return;
	}
	if (s->help && key != KEY_RESIZE) {
		s->help = false;
		return;
	}
	switch (key) {
	case 'q':
	case 'Q':
	case KEY_F(10):
		s->leave = true;
		break;
	case 'h':
	case '?':
	case KEY_F(1):
		s->help = true;
		break;
	case CTRL_L:
		clearok(stdscr, TRUE);
		plan(s, 0);
		break;
	case ' ':
		plan(s, 0);
		break;
	case 'Z':
		s->top->settings.paused = !s->top->settings.paused;
		plan(s, 0);
		break;
	case 'd':
	case '/':
	case KEY_F(3):
	case '\\':
	case KEY_F(4):
		ask(s, key == 'd'		       ? PROMPT_DELAY
		       : key == '/' || key == KEY_F(3) ? PROMPT_SEARCH
						       : PROMPT_FILTER);
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
	bool held = s->top->settings.paused || s->prompt || s->help;
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
	top->settings.filter = s.filter;
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
	top->settings.filter = NULL;
	*signal_number = caught;
	return ret;
}
