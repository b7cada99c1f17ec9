/** What a page of documentation has its reader do. Pure. */

interface Place {
  page: string;
  /** Of the fence, from 1. */
  line: number;
}

interface Run extends Place {
  kind: 'run';
  script: string;
  /** Words that stand for something, and commands that say for what. */
  given: [word: string, command: string][];
  /** It is stopped once it has said this; null: it ends. */
  until: string | null;
  /** Exit codes that are well. */
  codes: number[];
}

export type Step =
  | Run
  | (Place & { kind: 'save'; file: string; text: string })
  | (Place & { kind: 'leave'; script: string; reason: string });

interface Block extends Place {
  language: string;
  text: string;
  /** What the comments of Markdown say that stand right before it. */
  remarks: string[];
}

/** Blocks of shell commands, and those that a comment before them has saved. */
export function stepsOf(page: string, markdown: string): Step[] {
  return blocksOf(page, markdown).flatMap(({ language, text, remarks, ...place }): Step[] => {
    const file = after('saved as', remarks)[0];
    if (file !== undefined) return [{ ...place, kind: 'save', file, text }];
    if (language !== 'sh') return [];
    const [reason] = after('not run:', remarks);
    if (reason !== undefined) return [{ ...place, kind: 'leave', script: text, reason }];
    const given = after('for', remarks).map((rest) => pairOf(rest, page));
    const codes = [0, ...after('may end with:', remarks).map(Number)];
    return [{ ...place, kind: 'run', script: text, given, until: after('until:', remarks)[0] ?? null, codes }];
  });
}

function pairOf(rest: string, page: string): [string, string] {
  const [, word, command] = /^(\S+): (.+)$/.exec(rest) ?? [];
  if (word === undefined || command === undefined) throw new Error(`${page}: "for ${rest}" is not "for WORD: COMMAND"`);
  return [word, command];
}

const after = (beginning: string, remarks: string[]): string[] =>
  remarks.flatMap((remark) => (remark.startsWith(`${beginning} `) ? [remark.slice(beginning.length + 1)] : []));

function blocksOf(page: string, markdown: string): Block[] {
  const blocks: Block[] = [];
  let remarks: string[] = [];
  let open: Block | null = null;
  for (const [index, line] of markdown.split('\n').entries()) {
    const [, fence] = /^```(\w*)$/.exec(line) ?? [];
    const [, remark] = /^<!-- (.*) -->$/.exec(line) ?? [];
    if (open !== null && line === '```') {
      blocks.push(open);
      open = null;
    } else if (open !== null) open.text += `${line}\n`;
    else if (fence !== undefined) {
      open = { page, line: index + 1, language: fence, text: '', remarks };
      remarks = [];
    } else if (remark !== undefined) remarks.push(remark);
    else if (line.trim() !== '') remarks = [];
  }
  return blocks;
}

const command = /^ {4}(sudo |\w+=\S+ )*(npx|npm|node|gaia|curl|redis-cli|kill|grep|apt-get|dpkg|systemctl|promtool) /;

/** Lines with commands that are not in a block of shell commands: nobody would run them. */
export function strayCommands(page: string, markdown: string): string[] {
  const outside = markdown.replaceAll(/^```[\s\S]*?^```$/gm, (block) => block.replaceAll(/[^\n]/g, ''));
  return outside
    .split('\n')
    .flatMap((line, index) => (command.test(line) ? [`${page}:${index + 1}: ${line.trim()}`] : []));
}
