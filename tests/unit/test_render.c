#include "support/spec.h"

#include "term/render.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A render over two files without names, and what came into them. */
struct stage {
	rk_render *out;
	int out_fd, err_fd;
	char seen[4096];
};

static int
open_file(void)
{
	char name[] = "/tmp/rootkeep-render-XXXXXX";
	int fd = mkstemp(name);

	assert_true(fd >= 0);
	unlink(name);
	return fd;
}

static void
open_stage(struct stage *stage, bool json)
{
	struct rk_render_options options = {open_file(), open_file(), json, "never"};

	stage->out_fd = options.out_fd;
	stage->err_fd = options.err_fd;
	assert_ok(rk_render_new(&options, &stage->out));
}

static const char *
seen(struct stage *stage, int fd)
{
	ssize_t got = pread(fd, stage->seen, sizeof(stage->seen) - 1, 0);

	assert_true(got >= 0);
	stage->seen[got] = 0;
	return stage->seen;
}

static void
close_stage(struct stage *stage)
{
	rk_render_free(stage->out);
	close(stage->out_fd);
	close(stage->err_fd);
}

static rk_node *
answer(void)
{
	rk_node *node = rk_node_new_object();

	assert_ok(rk_node_put_int(node, "answer", 42));
	return node;
}

static void
text_mode_writes_lines_and_drops_documents(void **state)
{
	struct stage stage;

	(void)state;
	open_stage(&stage, false);
	assert_false(rk_render_is_json(stage.out));
	rk_render_line(stage.out, "the answer is %d", 42);
	rk_render_styled(stage.out, RK_GOOD, "good");
	rk_render_text(stage.out, "as it is\n");
	rk_render_json(stage.out, answer());
	assert_ok(rk_render_finish(stage.out));
	assert_string_equal(seen(&stage, stage.out_fd), "the answer is 42\ngood\nas it is\n");
	close_stage(&stage);
}

static void
json_mode_writes_one_document_and_nothing_else(void **state)
{
	struct stage stage;

	(void)state;
	open_stage(&stage, true);
	rk_render_line(stage.out, "a line");
	rk_render_json(stage.out, rk_node_new_object());
	rk_render_json(stage.out, answer());
	assert_ok(rk_render_finish(stage.out));
	assert_string_equal(seen(&stage, stage.out_fd), "{\n  \"answer\": 42\n}\n");
	close_stage(&stage);
}

static void
json_mode_without_a_result_is_an_empty_document(void **state)
{
	struct stage stage;

	(void)state;
	open_stage(&stage, true);
	assert_ok(rk_render_finish(stage.out));
	assert_string_equal(seen(&stage, stage.out_fd), "{}\n");
	close_stage(&stage);
}

static rk_error *
sad_story(void)
{
	rk_error *err = rk_fail(RK_E_PIN_WRONG, "try another", "the token refused the PIN");

	return rk_wrap(err, "nothing was signed");
}

static void
an_error_is_fact_because_remedy(void **state)
{
	RK_AUTO(rk_error) err = sad_story();
	struct stage stage;

	(void)state;
	open_stage(&stage, false);
	rk_render_line(stage.out, "before");
	rk_render_error(stage.out, "rootkeep", err);
	assert_string_equal(seen(&stage, stage.out_fd), "before\n");
	assert_string_equal(seen(&stage, stage.err_fd), "rootkeep: nothing was signed\n"
							"  because: the token refused the PIN\n"
							"  remedy:  try another\n");
	close_stage(&stage);
}

static void
an_error_in_json_is_the_only_document(void **state)
{
	RK_AUTO(rk_error) err = sad_story();
	struct stage stage;
	const char *text;

	(void)state;
	open_stage(&stage, true);
	rk_render_json(stage.out, answer());
	rk_render_error(stage.out, "rootkeep", err);
	text = seen(&stage, stage.out_fd);
	assert_non_null(strstr(text, "\"code\": \"pin-wrong\""));
	assert_non_null(strstr(text, "\"message\": \"nothing was signed\""));
	assert_non_null(strstr(text, "the token refused the PIN"));
	assert_non_null(strstr(text, "\"remedy\": \"try another\""));
	assert_null(strstr(text, "answer"));
	assert_string_equal(seen(&stage, stage.err_fd), "");
	close_stage(&stage);
}

static void
what_was_streamed_is_followed_by_no_document(void **state)
{
	RK_AUTO(rk_error) err = sad_story();
	struct stage stage;
	rk_sink sink;

	(void)state;
	open_stage(&stage, true);
	sink = rk_render_sink(stage.out);
	assert_ok(sink.write(sink.context, "[1]\n", 4));
	assert_ok(rk_render_finish(stage.out));
	rk_render_error(stage.out, "rootkeep", err);
	assert_string_equal(seen(&stage, stage.out_fd), "[1]\n");
	assert_non_null(strstr(seen(&stage, stage.err_fd), "rootkeep: nothing was signed"));
	close_stage(&stage);
}

static void
a_stdout_that_cannot_be_written_is_an_error(void **state)
{
	struct rk_render_options options = {-1, STDERR_FILENO, false, "never"};
	RK_AUTO(rk_render) full = NULL;
	RK_AUTO(rk_render) closed = NULL;
	int ends[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	options.out_fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	assert_true(options.out_fd >= 0);
	assert_ok(rk_render_new(&options, &full));
	rk_render_line(full, "lost");
	assert_error(rk_render_finish(full), RK_E_IO);
	close(options.out_fd);
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	options.out_fd = ends[1];
	assert_ok(rk_render_new(&options, &closed));
	rk_render_line(closed, "lost");
	assert_error(rk_render_finish(closed), RK_E_IO);
	close(ends[1]);
}

static void
a_document_without_memory_fails_at_the_end(void **state)
{
	struct stage stage;

	(void)state;
	open_stage(&stage, true);
	rk_render_json(stage.out, NULL);
	assert_error(rk_render_finish(stage.out), RK_E_NOMEM);
	close_stage(&stage);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(text_mode_writes_lines_and_drops_documents),
	    spec(json_mode_writes_one_document_and_nothing_else),
	    spec(json_mode_without_a_result_is_an_empty_document),
	    spec(an_error_is_fact_because_remedy),
	    spec(an_error_in_json_is_the_only_document),
	    spec(what_was_streamed_is_followed_by_no_document),
	    spec(a_stdout_that_cannot_be_written_is_an_error),
	    spec(a_document_without_memory_fails_at_the_end),
	};

	return cmocka_run_group_tests_name("render", tests, NULL, NULL);
}
