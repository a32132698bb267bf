/*
 * meter REPORT COMMAND…: run a command and write what it cost.
 *
 * The report is one line: wall seconds, user seconds, system seconds, peak RSS of its largest
 * process in KiB, exit status (negative: a signal). CPU is that of the command and of all that it
 * waited for. A program of its own, and a small one, because Linux counts the memory of the process
 * that forked into the child's peak.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double
seconds_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double
seconds_of(struct timeval value)
{
	return (double)value.tv_sec + (double)value.tv_usec / 1e6;
}

int
main(int argc, char **argv)
{
	struct rusage usage;
	double began;
	FILE *report;
	int status;
	pid_t pid;

	if (argc < 3)
		return 2;
	report = fopen(argv[1], "we");
	if (!report)
		return 1;
	began = seconds_now();
	pid = fork();
	if (pid == 0) {
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid)
		return 1;
	fprintf(report, "%.6f %.6f %.6f %ld %d\n", seconds_now() - began,
	    seconds_of(usage.ru_utime), seconds_of(usage.ru_stime), usage.ru_maxrss,
	    WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
	return fclose(report) == 0 ? 0 : 1;
}
