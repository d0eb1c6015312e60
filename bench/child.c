/*
 * The child of the benchmarks: as little work as possible between exec and its first instruction of its own.
 *   child idle  STAMPS          appends "<monotonic ns> <pid>\n" to STAMPS, then waits for ever
 *   child lines STAMPS COUNT    appends the same, writes COUNT lines of 100 bytes to stdout one by one, appends again, waits
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void stamp(int file) {
  struct timespec now;
  char line[64];
  clock_gettime(CLOCK_MONOTONIC, &now);
  int length = snprintf(line, sizeof line, "%lld %d\n", now.tv_sec * 1000000000LL + now.tv_nsec, (int)getpid());
  if (write(file, line, length) != length) exit(1);
}

static void write_lines(long count) {
  char line[101];
  for (long i = 1; i <= count; i++) {
    snprintf(line, sizeof line, "line %09ld %84s\n", i, "");
    for (size_t done = 0; done < 100;) {
      ssize_t written = write(1, line + done, 100 - done);
      if (written < 0) exit(1);
      done += written;
    }
  }
}

int main(int count, char **arguments) {
  if (count < 3) return 64;
  int file = open(arguments[2], O_WRONLY | O_CREAT | O_APPEND, 0644);
  stamp(file);
  if (strcmp(arguments[1], "lines") == 0) {
    write_lines(atol(arguments[3]));
    stamp(file);
  }
  for (;;) pause();
}
