import type { ReactElement } from 'react'
import type { ViewingView } from '#bridge/earning.ts'
import { Amount } from '#ui/amount.tsx'
import { askBackground } from '#ui/background.ts'
import { Button } from '#ui/button.tsx'
import { text } from '#ui/texts.ts'

/** The viewings that pay at this moment; nothing where there is none. */
export function EarningNow({
  running,
}: {
  readonly running: readonly ViewingView[]
}): ReactElement | undefined {
  if (running.length === 0) return undefined
  return (
    <section className="stack padded ruled" aria-labelledby="earning" data-testid="earning">
      <h2 id="earning">{text('earningNow')}</h2>
      {running.map(({ viewing, title, earnedWei, rateWei }) => (
        <div className="stack tight" key={viewing}>
          <div className="row apart">
            <span className="title">{title}</span>
            <Amount wei={rateWei} kind="earning" unit={text('perSecond')} />
          </div>
          <div className="row apart">
            <span className="small quiet">
              {text('earned')} <Amount wei={earnedWei} kind="earning" testId="earning-earned" />
            </span>
            <Button onClick={() => void askBackground('viewing-stop', { viewing })}>
              {text('earningStop')}
            </Button>
          </div>
        </div>
      ))}
    </section>
  )
}
