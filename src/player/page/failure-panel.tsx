import type { ReactElement } from 'react'
import type { Failure } from '#bridge/failure.ts'
import { Button } from '#ui/button.tsx'
import { failureText, text } from '#ui/texts.ts'
import type { View } from './asked.ts'
import { Panel } from './panel.tsx'

type FailureProps = {
  readonly view: View
  readonly failure: Failure
  readonly again?: () => void
}

/** Codes whose outcome is open: the order may have arrived all the same. */
const uncertain: readonly Failure['code'][] = [
  'publisher-unreachable',
  'timed-out',
  'transaction-pending',
  'stopping',
]

/** What happened, what it cost, and what to do. */
export function FailurePanel({ view, failure, again }: FailureProps): ReactElement {
  const { code } = failure
  const title = optionalText(`failed_${code.replaceAll('-', '_')}`) ?? text('failedTitle')
  const advice = optionalText(`do_${code.replaceAll('-', '_')}`)
  return (
    <Panel view={view}>
      <div role="alert" className="stack center" data-testid="failure" data-code={code}>
        <h2 className="headline">{title}</h2>
        <p className="small">
          {advice ?? failureText(code)} {!uncertain.includes(code) && text('costNothing')}
        </p>
      </div>
      {again !== undefined && <Button onClick={again}>{text('tryAgain')}</Button>}
    </Panel>
  )
}

/** A text that only some codes have. */
const optionalText = (key: string): string | undefined => chrome.i18n.getMessage(key) || undefined
