const words: Record<string, string> = {
  EACCES: 'permission is denied',
  EDQUOT: 'your share of its disk is used up',
  EEXIST: 'it is there already',
  EISDIR: 'it is a directory',
  ELOOP: 'its symbolic links lead in a circle',
  ENAMETOOLONG: 'its name is too long',
  ENOENT: 'it is not there',
  ENOSPC: 'its disk is full',
  ENOTDIR: 'a part of its path is no directory',
  EPERM: 'the system does not allow it',
  EROFS: 'its file system is read-only',
};

/** Why the system did nothing with a file, without its name, which the sentence around has. */
export function fileFault(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return words[code] ?? message;
}
