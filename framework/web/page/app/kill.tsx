import { useState } from 'preact/hooks';
import { Dialog, ForceChoice, forceIn } from '../dialog.js';
import { say } from '../notice.js';
import { askJson } from '../session.js';
import { useMayChange } from '../user.js';

interface KillProps {
  taskId: string;
  /** How people call it: 'slot 1 of /a', ... */
  name: string;
}

/** Ends a task, which is then replaced. */
export function Kill({ taskId, name }: KillProps) {
  const mayChange = useMayChange();
  const [asks, setAsks] = useState(false);
  const kill = async (fields: FormData) => {
    await askJson(`/v2/tasks/delete${forceIn(fields)}`, { method: 'POST', body: { ids: [taskId] } });
    say(`${name} is killed`);
  };
  if (!mayChange) return null;
  return (
    <>
      <button type="button" class="danger small" aria-label={`Kill ${name}`} onClick={() => setAsks(true)}>
        Kill
      </button>
      {asks && (
        <Dialog title={`Kill ${name}?`} word="Kill" danger onConfirm={kill} onClose={() => setAsks(false)}>
          <p>
            <code>{taskId}</code> is ended, and another one takes its place.
          </p>
          <ForceChoice />
        </Dialog>
      )}
    </>
  );
}
