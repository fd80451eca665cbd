/*
 * replay: plays files, or all files of directories, to a fuzzer without libFuzzer.
 */
#include "base/banned.h"
#include "base/file.h"

#include <dirent.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static size_t played;

static bool
play(const char *path)
{
	struct str data = STR_INIT(16 * MIB);
	struct err err = ERR_INIT;

	if (!file_read(path, 16 * MIB, &data, &err)) {
		fprintf(stderr, "%s\n", err.msg);
		return false;
	}
	/* Said before, so that a crash names its file. */
	fprintf(stderr, "%s\n", path);
	LLVMFuzzerTestOneInput((const uint8_t *)str_text(&data), data.len);
	str_done(&data);
	played++;
	return true;
}

static bool
play_all(const char *path)
{
	struct dirent **names;
	bool good = true;
	int n;

	if (!file_is_dir(path))
		return play(path);
	n = scandir(path, &names, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		char file[4096];

		snprintf(file, sizeof(file), "%s/%s", path, names[i]->d_name);
		if (names[i]->d_name[0] != '.')
			good = play(file) && good;
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return good && n >= 0;
}

int
main(int argc, char **argv)
{
	bool good = true;

	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	for (int i = 1; i < argc; i++)
		good = play_all(argv[i]) && good;
	printf("%zu inputs played\n", played);
	return good ? 0 : 1;
}
