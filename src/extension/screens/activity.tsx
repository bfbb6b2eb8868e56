import { type ReactElement, useState } from 'react'
import type { ViewingView } from '#bridge/earning.ts'
import type { Transfer } from '#bridge/provider.ts'
import type { PurchaseView } from '#bridge/shapes.ts'
import { formatPti, ptiFromWei } from '#std/amount.ts'
import { Amount } from '#ui/amount.tsx'
import { Button } from '#ui/button.tsx'
import { momentText, shortAddress } from '#ui/short-text.ts'
import { type TextKey, text } from '#ui/texts.ts'
import { exportCsv, exportJson } from './activity-export.ts'
import { heldWei } from './held.ts'

type ActivityProps = {
  readonly purchases: readonly PurchaseView[]
  readonly transfers: readonly Transfer[]
  /** Of what paid. */
  readonly viewings: readonly ViewingView[]
}
type Line =
  | { readonly atMs: number; readonly purchase: PurchaseView }
  | { readonly atMs: number; readonly transfer: Transfer }
  | { readonly atMs: number; readonly viewing: ViewingView }

const shownAtFirst = 30

/** What was bought and sent, newest first, each with its details in a fold. */
export function Activity({ purchases, transfers, viewings }: ActivityProps): ReactElement {
  const [showsAll, setShowsAll] = useState(false)
  const lines: Line[] = [
    ...purchases.map(purchase => ({ atMs: purchase.boughtAtMs, purchase })),
    ...transfers.map(transfer => ({ atMs: transfer.atMs, transfer })),
    ...viewings
      .filter(({ earnedWei }) => earnedWei > 0n)
      .map(viewing => ({ atMs: viewing.acceptedAtMs, viewing })),
  ].toSorted((one, other) => other.atMs - one.atMs)
  return (
    <section className="stack padded ruled" aria-labelledby="activity">
      <h2 id="activity">{text('activity')}</h2>
      {lines.length === 0 ? (
        <p className="quiet small">{text('activityEmpty')}</p>
      ) : (
        <>
          <ul data-testid="activity">
            {lines
              .slice(0, showsAll ? lines.length : shownAtFirst)
              .map(line =>
                'purchase' in line ? (
                  <PurchaseEntry key={line.purchase.purchase} purchase={line.purchase} />
                ) : 'viewing' in line ? (
                  <EarnedEntry key={line.viewing.viewing} viewing={line.viewing} />
                ) : (
                  <TransferEntry key={line.transfer.hash} transfer={line.transfer} />
                ),
              )}
          </ul>
          <div className="row">
            {!showsAll && lines.length > shownAtFirst && (
              <Button kind="plain" onClick={() => setShowsAll(true)}>
                {text('activityAll', String(lines.length))}
              </Button>
            )}
            <Button
              kind="plain"
              onClick={() => save('paratii.csv', 'text/csv', exportCsv(purchases, transfers, viewings))}
            >
              {text('saveCsv')}
            </Button>
            <Button
              kind="plain"
              onClick={() =>
                save('paratii.json', 'application/json', exportJson(purchases, transfers, viewings))
              }
            >
              {text('saveJson')}
            </Button>
          </div>
        </>
      )}
    </section>
  )
}

function PurchaseEntry({ purchase }: { readonly purchase: PurchaseView }): ReactElement {
  const { title, paidWei, payee, site, state, boughtAtMs, verifiedBytes } = purchase
  const heldNow = heldWei(purchase)
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
          {site !== undefined && (
            <>
              <dt>{text('onSite')}</dt>
              <dd>{new URL(site).host}</dd>
            </>
          )}
          <dt>{text('boughtAt')}</dt>
          <dd>{new Date(boughtAtMs).toLocaleString()}</dd>
          <dt>{text('purchase')}</dt>
          <dd title={purchase.purchase}>{shortAddress(purchase.purchase)}</dd>
        </dl>
        {purchase.isUndone && <p className="small">{text('purchaseUndone')}</p>}
        {state === 'refused' && <p className="small quiet">{text('refusedNote')}</p>}
        {heldNow > 0n && <p className="small quiet">{text('heldNote', formatPti(heldNow))}</p>}
      </details>
    </li>
  )
}

function EarnedEntry({ viewing }: { readonly viewing: ViewingView }): ReactElement {
  const { title, earnedWei, advertiser, acceptedAtMs } = viewing
  return (
    <li>
      <details className="entry" data-testid="earned-entry">
        <summary>
          <Amount wei={earnedWei} kind="earning" unit="" testId="activity-earned" />
          <span className="title">{text('earnedFrom', title)}</span>
          <span className="quiet small">{momentText(acceptedAtMs)}</span>
        </summary>
        <dl className="small">
          <dt>{text('from')}</dt>
          <dd title={advertiser}>{shortAddress(advertiser)}</dd>
        </dl>
        <p className="small quiet">{text('earnedNote')}</p>
      </details>
    </li>
  )
}

const stateTexts: Readonly<Record<Transfer['state'], TextKey>> = {
  sent: 'transferSent',
  mined: 'transferMined',
  failed: 'transferFailed',
}

function TransferEntry({ transfer }: { readonly transfer: Transfer }): ReactElement {
  const { hash, to, token, wei, description, site, state, atMs, isUndone } = transfer
  // What failed took nothing but its fee, and is not shown as if it had.
  const shown = state === 'failed' ? 0n : -wei
  return (
    <li>
      <details className="entry" data-testid="transfer-entry" data-state={state}>
        <summary>
          <Amount wei={shown} kind="spending" unit={token === 'PTI' ? '' : 'ETH'} />
          <span className="title">
            {description ?? text('sentTo', to === undefined ? '' : shortAddress(to))}
          </span>
          <span className="quiet small">
            {isUndone ? text('undone') : state === 'mined' ? momentText(atMs) : text(stateTexts[state])}
          </span>
        </summary>
        <dl className="small">
          {to !== undefined && (
            <>
              <dt>{text('to')}</dt>
              <dd title={to}>{shortAddress(to)}</dd>
            </>
          )}
          <dt>{text('amount')}</dt>
          <dd>
            {ptiFromWei(wei)} {token === 'PTI' ? 'PTI' : 'ETH'}
          </dd>
          {site !== undefined && (
            <>
              <dt>{text('onSite')}</dt>
              <dd>{new URL(site).host}</dd>
            </>
          )}
          <dt>{text('transaction')}</dt>
          <dd title={hash}>{shortAddress(hash)}</dd>
        </dl>
        {isUndone && <p className="small">{text('transferUndone')}</p>}
      </details>
    </li>
  )
}

function whenText({ state, boughtAtMs, isUndone }: PurchaseView): string {
  if (isUndone) return text('undone')
  if (state === 'playing') return text('now')
  if (state === 'ordered') return text('sent')
  if (state === 'refused') return text('refused')
  return momentText(boughtAtMs)
}

/** Hands a file to the browser's own download. */
function save(name: string, type: string, content: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  URL.revokeObjectURL(url)
}
