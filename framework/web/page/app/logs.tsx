/** The end of what a task wrote, and what it writes. A guest's console is the standard output of its task. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { LogJson } from '../../model/app-json.js';
import { appended } from '../../model/log-tail.js';
import type { AppRow, TaskRow } from '../../model/rows.js';
import { Failure } from '../failure.js';
import { appPath, askJson } from '../session.js';
import { useCluster } from '../store.js';

const INTERVAL_MS = 1000;
const none: readonly TaskRow[] = [];

export function Logs({ row }: { row: AppRow }) {
  const tasks = useCluster((state) => state.tasksOfApp.get(row.id)) ?? none;
  const [wished, setTaskId] = useState<string | null>(null);
  const [file, setFile] = useState('stdout');
  const task = tasks.find(({ id }) => id === wished) ?? tasks[0];
  if (task === undefined) return <p>No task runs, and so nothing is written.</p>;
  return (
    <>
      <div class="choices">
        <label class="search">
          Of
          <select value={task.id} onChange={(event) => setTaskId(event.currentTarget.value)}>
            {tasks.map((one) => (
              <option key={one.id} value={one.id}>
                {nameOf(one)}
              </option>
            ))}
          </select>
        </label>
        <label class="search">
          File
          <select value={file} onChange={(event) => setFile(event.currentTarget.value)}>
            <option value="stdout">{row.vm ? 'console (stdout)' : 'stdout'}</option>
            <option value="stderr">stderr</option>
          </select>
        </label>
      </div>
      <Tail key={`${task.id} ${file}`} path={appPath(row.id, `tasks/${encodeURIComponent(task.id)}/log`)} file={file} />
    </>
  );
}

const nameOf = ({ id, slot, role }: TaskRow) => (slot === undefined ? id : `slot ${slot}${role ? `, ${role}` : ''}`);

/** Stays at the end as long as nobody scrolls up. */
function Tail({ path, file }: { path: string; file: string }) {
  const box = useRef<HTMLPreElement>(null);
  const { text, failure } = useTail(path, file);
  const stays = useRef(true);
  useEffect(() => {
    if (stays.current && box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  }, [text]);
  const look = ({ currentTarget: { scrollTop, scrollHeight, clientHeight } }: { currentTarget: HTMLElement }) => {
    stays.current = scrollTop + clientHeight >= scrollHeight - 4;
  };
  return (
    <>
      <Failure failure={failure} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keys */}
      <pre ref={box} class="log" tabIndex={0} role="log" aria-live="off" aria-label={file} onScroll={look}>
        {text ?? 'Not known yet.'}
        {text === '' && <span class="muted">Nothing is written yet.</span>}
      </pre>
    </>
  );
}

function useTail(path: string, file: string): { text: string | null; failure: Error | null } {
  const [text, setText] = useState<string | null>(null);
  const [failure, setFailure] = useState<Error | null>(null);
  useEffect(() => {
    const stopping = new AbortController();
    let timer = 0;
    let next: number | null = null;
    const attempt = async () => {
      try {
        const from = next === null ? '' : `&offset=${next}`;
        const answer = await askJson<LogJson>(`${path}?file=${file}${from}`, { signal: stopping.signal });
        setText((before) => appended(before ?? '', answer, next));
        next = answer.next;
        setFailure(null);
      } catch (error) {
        if (stopping.signal.aborted) return;
        setFailure(error as Error);
      }
      timer = window.setTimeout(attempt, INTERVAL_MS);
    };
    void attempt();
    return () => {
      stopping.abort();
      clearTimeout(timer);
    };
  }, [path, file]);
  return { text, failure };
}
