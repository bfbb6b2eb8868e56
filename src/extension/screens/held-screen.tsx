import { type ReactElement, useState } from 'react'
import type { PurchaseView } from '#bridge/shapes.ts'
import { formatPti } from '#std/amount.ts'
import { Amount } from '#ui/amount.tsx'
import { askBackground } from '#ui/background.ts'
import { Button } from '#ui/button.tsx'
import { Notice } from '#ui/notice.tsx'
import { momentText } from '#ui/short-text.ts'
import { text } from '#ui/texts.ts'
import { heldWei } from './held.ts'
import { Screen } from './screen.tsx'
import { useAsking } from './use-asking.ts'

/** What waits in escrow, for whom, and when it comes back. */
export function HeldScreen({ purchases }: { readonly purchases: readonly PurchaseView[] }): ReactElement {
  const holding = purchases.filter(purchase => heldWei(purchase) > 0n)
  const totalWei = holding.reduce((sum, purchase) => sum + heldWei(purchase), 0n)
  return (
    <Screen title={text('held')}>
      {holding.length === 0 ? (
        <p className="quiet">{text('heldEmpty')}</p>
      ) : (
        <>
          <p>
            <Amount wei={totalWei} kind="large" testId="held-total" />
          </p>
          <p className="quiet small">{text('heldLead')}</p>
          <ul className="stack" data-testid="held">
            {holding.map(purchase => (
              <HeldEntry key={purchase.purchase} purchase={purchase} />
            ))}
          </ul>
        </>
      )}
    </Screen>
  )
}

function HeldEntry({ purchase }: { readonly purchase: PurchaseView }): ReactElement {
  const { title, state, totalWei, paidWei } = purchase
  const [asking, setAsking] = useState(false)
  const { busy, failure, run } = useAsking()
  const close = (): void =>
    void run(async () => void (await askBackground('purchase-stop', { purchase: purchase.purchase })))
  return (
    <li className="stack tight card">
      <div className="row apart">
        <span className="title">{title}</span>
        <Amount wei={heldWei(purchase)} />
      </div>
      <p className="small quiet">{text('spentOf', formatPti(paidWei), formatPti(totalWei))}</p>
      <p className="small">{returnText(purchase)}</p>
      {failure !== undefined && <Notice loss>{failure}</Notice>}
      {state === 'open' &&
        (asking ? (
          <>
            <p className="small">{text('closeAsk', formatPti(heldWei(purchase)))}</p>
            <div className="row">
              <Button kind="danger" busy={busy} onClick={close}>
                {text('closeYes')}
              </Button>
              <Button kind="plain" onClick={() => setAsking(false)}>
                {text('stopNo')}
              </Button>
            </div>
          </>
        ) : (
          <div>
            <Button onClick={() => setAsking(true)}>{text('close')}</Button>
          </div>
        ))}
    </li>
  )
}

/** When what is held comes back, in words. */
function returnText({ state, endsAtMs }: PurchaseView): string {
  if (state === 'refused' || state === 'ordered') return text('returnsIfUnused')
  if (endsAtMs === undefined) return text('returnsAtEnd')
  return endsAtMs <= Date.now() ? text('returnsNow') : text('returnsBy', momentText(endsAtMs))
}
