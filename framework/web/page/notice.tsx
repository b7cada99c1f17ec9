/** What has been done on somebody's order, said for a while. */
import { useEffect, useState } from 'preact/hooks';

const SAID = 'gaia-said';
const SHOWN_MS = 8000;

export function say(text: string): void {
  dispatchEvent(new CustomEvent(SAID, { detail: text }));
}

/** 'A deployment has begun: ID' */
export function sayDeployment(what: string, answer: { deploymentId?: string } | null): void {
  say(answer?.deploymentId === undefined ? what : `${what}: deployment ${answer.deploymentId} has begun`);
}

export function Notice() {
  const [text, setText] = useState('');
  useEffect(() => {
    let timer = 0;
    const show = (event: Event) => {
      setText((event as CustomEvent<string>).detail);
      clearTimeout(timer);
      timer = window.setTimeout(() => setText(''), SHOWN_MS);
    };
    addEventListener(SAID, show);
    return () => removeEventListener(SAID, show);
  }, []);
  return (
    <p class={text === '' ? 'notice silent' : 'notice'} role="status">
      {text}
    </p>
  );
}
