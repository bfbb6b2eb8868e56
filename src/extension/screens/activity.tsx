import type { ReactElement } from 'react'
import type { PurchaseView } from '#bridge/shapes.ts'
import { formatPti } from '#std/amount.ts'
import { Amount } from '#ui/amount.tsx'
import { shortAddress } from '#ui/short-text.ts'
import { text } from '#ui/texts.ts'

/** What was bought, newest first, each with its details in a fold. */
export function Activity({ purchases }: { readonly purchases: readonly PurchaseView[] }): ReactElement {
  return (
    <section className="stack padded ruled" aria-labelledby="activity">
      <h2 id="activity">{text('activity')}</h2>
      {purchases.length === 0 ? (
        <p className="quiet small">{text('activityEmpty')}</p>
      ) : (
        <ul data-testid="activity">
          {purchases.map(purchase => (
            <Entry key={purchase.purchase} purchase={purchase} />
          ))}
        </ul>
      )}
    </section>
  )
}

function Entry({ purchase }: { readonly purchase: PurchaseView }): ReactElement {
  const { title, paidWei, totalWei, payee, state, boughtAtMs, verifiedBytes } = purchase
  const heldWei = state === 'closed' ? 0n : totalWei - paidWei
  return (
    <li>
      <details
        className="entry"
        data-testid="activity-entry"
        data-state={state}
        data-verified-bytes={verifiedBytes}
      >
        <summary>
          <Amount wei={-paidWei} kind="spending" unit="" testId="activity-paid" />
          <span className="title">{title}</span>
          <span className="quiet small">{whenText(purchase)}</span>
        </summary>
        <dl className="small">
          <dt>{text('to')}</dt>
          <dd title={payee}>{shortAddress(payee)}</dd>
          <dt>{text('boughtAt')}</dt>
          <dd>{new Date(boughtAtMs).toLocaleString()}</dd>
          <dt>{text('purchase')}</dt>
          <dd title={purchase.purchase}>{shortAddress(purchase.purchase)}</dd>
        </dl>
        {heldWei > 0n && <p className="small quiet">{text('heldNote', formatPti(heldWei))}</p>}
      </details>
    </li>
  )
}

function whenText({ state, boughtAtMs }: PurchaseView): string {
  if (state === 'playing') return text('now')
  if (state === 'ordered') return text('sent')
  const at = new Date(boughtAtMs)
  const isToday = at.toDateString() === new Date().toDateString()
  return isToday
    ? at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
    : at.toLocaleDateString([], { day: 'numeric', month: 'short' })
}
