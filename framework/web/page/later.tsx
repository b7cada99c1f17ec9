/** Parts of the page whose code is asked for when they are first shown, so that every page opens with what it needs itself. */
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Failure } from './failure.js';

export function later<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  let Part: ComponentType<Props> | null = null;
  return function Later(props: Props) {
    const [, redraw] = useState({});
    const [failure, setFailure] = useState<Error | null>(null);
    useEffect(() => {
      if (Part !== null) return;
      const known = (part: ComponentType<Props>) => {
        Part = part;
        redraw({});
      };
      load().then(known, () => setFailure(new Error('This part did not come. Load the page anew.')));
    }, []);
    if (Part !== null) return <Part {...props} />;
    return failure === null ? <p>This part is on its way.</p> : <Failure failure={failure} />;
  };
}
