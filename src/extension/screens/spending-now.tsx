import { type ReactElement, useState } from 'react'
import type { PurchaseView } from '#bridge/shapes.ts'
import { formatPti } from '#std/amount.ts'
import { errorFrom } from '#std/error.ts'
import { Amount } from '#ui/amount.tsx'
import { askBackground } from '#ui/background.ts'
import { Button } from '#ui/button.tsx'
import { Notice } from '#ui/notice.tsx'
import { megabytesText } from '#ui/short-text.ts'
import { failureText, text } from '#ui/texts.ts'
import { useSpendingRate } from './spending-rate.ts'

export function SpendingNow({ playing }: { readonly playing: readonly PurchaseView[] }): ReactElement {
  const rateWei = useSpendingRate(playing)
  return (
    <section className="stack padded ruled" aria-labelledby="spending" data-testid="spending">
      <div className="row apart">
        <h2 id="spending">{text('spendingNow')}</h2>
        {playing.length > 0 && (
          <Amount wei={rateWei} kind="spending" unit={text('perSecond')} testId="spending-rate" />
        )}
      </div>
      {playing.length === 0 ? (
        <p className="quiet small">{text('notSpending')}</p>
      ) : (
        playing.map(purchase => <Spending key={purchase.purchase} purchase={purchase} />)
      )}
    </section>
  )
}

function Spending({ purchase }: { readonly purchase: PurchaseView }): ReactElement {
  const { title, paidWei, verifiedBytes, totalBytes } = purchase
  return (
    <div className="stack tight">
      <div className="row apart">
        <span className="title">{title}</span>
        <span className="small quiet">
          {text('paid')} <Amount wei={paidWei} kind="spending" testId="spending-paid" />
        </span>
      </div>
      <progress max={totalBytes} value={Math.min(verifiedBytes, totalBytes)} aria-label={title} />
      <div className="row apart">
        <span className="small quiet" data-testid="spending-verified" data-bytes={verifiedBytes}>
          {text('verifiedOf', megabytesText(verifiedBytes), megabytesText(totalBytes))}
        </span>
        <StopButton purchase={purchase} />
      </div>
    </div>
  )
}

/** Stopping is for good, so it is asked once, in words and with the amount. */
function StopButton({ purchase }: { readonly purchase: PurchaseView }): ReactElement {
  const [step, setStep] = useState<'idle' | 'asking' | 'stopping'>('idle')
  const [failure, setFailure] = useState<string>()
  if (step === 'idle') return <Button onClick={() => setStep('asking')}>{text('stop')}</Button>
  const stop = async (): Promise<void> => {
    setStep('stopping')
    try {
      await askBackground('purchase-stop', { purchase: purchase.purchase })
    } catch (thrown) {
      setFailure(failureText(errorFrom(thrown).code))
      setStep('asking')
    }
  }
  return (
    <div className="stack ask" role="alertdialog" aria-label={text('stop')}>
      <p className="small">{text('stopAsk', formatPti(purchase.paidWei))}</p>
      {failure !== undefined && <Notice loss>{failure}</Notice>}
      <div className="row">
        <Button kind="danger" busy={step === 'stopping'} onClick={() => void stop()}>
          {text(step === 'stopping' ? 'stopping' : 'stopYes')}
        </Button>
        <Button kind="plain" onClick={() => setStep('idle')}>
          {text('stopNo')}
        </Button>
      </div>
    </div>
  )
}
