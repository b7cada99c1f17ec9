/** A question before something happens. Escape closes it, and the focus goes back to where it came from. */
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { Failure } from './failure.js';

interface DialogProps {
  title: string;
  /** On the button that does it. */
  word: string;
  danger?: boolean;
  children?: ComponentChildren;
  /** Given the fields of the form. What it throws is shown, and the dialog stays. */
  onConfirm: (fields: FormData) => Promise<void>;
  onClose: () => void;
}

export function Dialog({ title, word, danger, children, onConfirm, onClose }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [isBusy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Error | null>(null);
  const titleId = useId();
  useEffect(() => dialog.current?.showModal(), []);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      await onConfirm(new FormData(event.currentTarget as HTMLFormElement));
      dialog.current?.close();
    } catch (error) {
      setFailure(error as Error);
      setBusy(false);
    }
  };
  return (
    <dialog ref={dialog} aria-labelledby={titleId} onClose={onClose}>
      <form onSubmit={submit}>
        <h2 id={titleId}>{title}</h2>
        {children}
        <Failure failure={failure} />
        <div class="buttons">
          <button type="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button type="submit" class={danger ? 'danger' : 'primary'} disabled={isBusy}>
            {word}
          </button>
        </div>
      </form>
    </dialog>
  );
}

/** Deployments hold apps; who insists ends them. */
export function ForceChoice() {
  return (
    <label class="check">
      <input type="checkbox" name="force" /> also when a deployment holds the app, which then ends where it is
    </label>
  );
}

export const forceIn = (fields: FormData) => (fields.get('force') === null ? '' : '?force=true');
