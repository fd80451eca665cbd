#include "base/banned.h"
#include "tui/draw/event.h"
#include "base/text.h"

static const struct {
	const char *name;
	uint32_t key;
} names[] = {
	{"Enter", K_ENTER},
	{"Tab", K_TAB},
	{"Shift-Tab", K_BACKTAB},
	{"Esc", K_ESC},
	{"Space", K_SPACE},
	{"Backspace", K_BACKSPACE},
	{"Up", K_UP},
	{"Down", K_DOWN},
	{"Left", K_LEFT},
	{"Right", K_RIGHT},
	{"Home", K_HOME},
	{"End", K_END},
	{"PgUp", K_PGUP},
	{"PgDn", K_PGDN},
	{"Insert", K_INSERT},
	{"Delete", K_DELETE},
};

static const struct {
	const char *name;
	uint32_t flag;
} modifiers[] = {{"Alt-", K_ALT}, {"Shift-", K_SHIFT}, {"Ctrl-", K_CONTROL}};

#define MODIFIERS ((uint32_t)(K_ALT | K_SHIFT | K_CONTROL))

static const char *
special_name(uint32_t key)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (names[i].key == key)
			return names[i].name;
	return NULL;
}

const char *
key_label(uint32_t key, char *text)
{
	CLEANUP(str_done) struct str out = STR_INIT(KEY_TEXT - 1);
	uint32_t bare = key & ~MODIFIERS;

	for (size_t i = 0; i < ARRAY_LEN(modifiers); i++)
		if (key & modifiers[i].flag)
			str_add(&out, modifiers[i].name);
	if (special_name(bare) != NULL)
		str_add(&out, special_name(bare));
	else if (bare >= K_F1 && bare < K_F1 + 12)
		str_fmt(&out, "F%u", bare - K_F1 + 1);
	else if (bare < 0x20)
		str_fmt(&out, "Ctrl-%c", bare + '@');
	else if (bare < K_UP && !text_is_unsafe(bare))
		text_encode(&out, bare);
	else
		str_add(&out, "?");
	memcpy(text, str_text(&out), out.len + 1);
	return text;
}

static bool
parse_bare(const char *name, size_t len, uint32_t *ret)
{
	uint32_t code;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strlen(names[i].name) == len && memcmp(names[i].name, name, len) == 0) {
			*ret = names[i].key;
			return true;
		}
	}
	if (len >= 2 && len <= 3 && name[0] == 'F' && name[1] >= '1' && name[1] <= '9') {
		code = (uint32_t)(name[1] - '0');
		if (len == 3)
			code = code * 10 + (uint32_t)(name[2] - '0');
		if (code > 12)
			return false;
		*ret = K_F(code);
		return true;
	}
	if (text_decode(name, len, &code) != len || text_is_unsafe(code))
		return false;
	*ret = code;
	return true;
}

bool
key_parse(const char *name, size_t len, uint32_t *ret)
{
	uint32_t flags = 0, key;

	if (len == 6 && memcmp(name, "Ctrl-", 5) == 0 && name[5] >= '@' && name[5] <= '_') {
		*ret = K_CTRL(name[5]);
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(modifiers); i++) {
		size_t n = strlen(modifiers[i].name);

		if (len > n && memcmp(name, modifiers[i].name, n) == 0 &&
			!(len == 9 && memcmp(name, "Shift-Tab", 9) == 0)) {
			flags |= modifiers[i].flag;
			name += n;
			len -= n;
		}
	}
	if (len == 0 || !parse_bare(name, len, &key))
		return false;
	*ret = key | flags;
	return true;
}

bool
key_is_text(uint32_t key)
{
	return key >= 0x20 && key < K_UP && key != K_BACKSPACE && !text_is_unsafe(key);
}
