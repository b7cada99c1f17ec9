const SIGNAL_WORDS: Partial<Record<NodeJS.Signals, string>> = {
  SIGHUP: 'Hangup',
  SIGINT: 'Interrupt',
  SIGQUIT: 'Quit',
  SIGILL: 'Illegal instruction',
  SIGABRT: 'Aborted',
  SIGFPE: 'Floating point exception',
  SIGKILL: 'Killed',
  SIGSEGV: 'Segmentation fault',
  SIGPIPE: 'Broken pipe',
  SIGTERM: 'Terminated',
};

/** How a command has ended, as Mesos says it in the message of the last update. */
export function endingWords(code: number | null, signal: NodeJS.Signals | null): string {
  return signal
    ? `Command terminated with signal ${SIGNAL_WORDS[signal] ?? signal}`
    : `Command exited with status ${code}`;
}
