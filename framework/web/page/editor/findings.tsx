import type { Finding } from '../../model/draft.js';
import { Failure } from '../failure.js';
import type { Verdict } from './verdict.js';

const sentences: Record<Verdict['state'], { tone: string; text: string }> = {
  notJson: { tone: 'bad', text: 'This is no JSON yet.' },
  asking: { tone: 'muted', text: 'The framework has not judged this yet.' },
  refused: { tone: 'bad', text: 'The framework would refuse this.' },
  acceptable: { tone: 'good', text: 'The framework would take this.' },
  unknown: { tone: 'busy', text: 'The framework could not be asked.' },
};

/** What is wrong with the text: field, value and remedy. */
export function Findings({ verdict, onShow }: { verdict: Verdict; onShow: (finding: Finding) => void }) {
  const { tone, text } = sentences[verdict.state];
  return (
    <section id="verdict" aria-label="What the framework says to this">
      <p class={tone} role="status">
        {text}
      </p>
      <Failure failure={verdict.failure} />
      <ul class="plain findings">
        {verdict.findings.map((finding) => (
          <li key={finding.path + finding.sentence}>
            <button type="button" class="link" onClick={() => onShow(finding)}>
              line {finding.line}
              {finding.path !== '' && ` ${finding.path}`}
            </button>{' '}
            {finding.sentence}
          </li>
        ))}
      </ul>
    </section>
  );
}
