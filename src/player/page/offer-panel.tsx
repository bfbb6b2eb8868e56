import { type MouseEvent, type ReactElement, useRef, useState } from 'react'
import type { Asked, Offer } from '#bridge/shapes.ts'
import { formatPti, ptiFromWei } from '#std/amount.ts'
import { askBackground } from '#ui/background.ts'
import { Button } from '#ui/button.tsx'
import { durationText, shortAddress } from '#ui/short-text.ts'
import { text } from '#ui/texts.ts'
import type { View } from './asked.ts'
import { Panel } from './panel.tsx'
import { usePress } from './use-press.ts'

type OfferProps = {
  readonly view: View
  readonly asked: Asked
  readonly offer: Offer
  readonly locked: boolean
  readonly watch: (ticket: string, agreedWei: bigint) => void
  readonly reopen: () => void
}

/** The price, who gets it, and one button that says what it costs. */
export function OfferPanel({ view, asked, offer, locked, watch, reopen }: OfferProps): ReactElement {
  const content = useRef<HTMLDivElement>(null)
  const totalWei = offer.priceWei + offer.hostsWei
  const isShort = !offer.bought && offer.balanceWei < totalWei
  return (
    <Panel view={view} content={content}>
      <h1 className="headline">{offer.title}</h1>
      <p className="small" data-testid="rate">
        {durationText(offer.durationSeconds)}
        {offer.bought || ` · ${text('perMinute', formatPti(ratePerMinute(offer)))}`}
      </p>
      {locked ? (
        <>
          <Price offer={offer} />
          <Button kind="primary" onClick={() => void askBackground('window-open', { show: 'unlock' })}>
            {text('unlockTo')}
          </Button>
          <p className="small">{text('unlockNote')}</p>
        </>
      ) : isShort ? (
        <>
          <Price offer={offer} />
          <p className="small" role="status">
            {text('lowNote', formatPti(totalWei), formatPti(offer.balanceWei))}
          </p>
          <div className="row">
            <Button kind="primary" onClick={() => void askBackground('window-open', { show: 'home' })}>
              {text('receiveAction')}
            </Button>
            <Button onClick={reopen}>{text('tryAgain')}</Button>
          </div>
        </>
      ) : (
        <WatchButton
          asked={asked}
          offer={offer}
          content={content}
          agree={() => watch(offer.ticket, totalWei)}
        />
      )}
    </Panel>
  )
}

const ratePerMinute = ({ priceWei, durationSeconds }: Offer): bigint =>
  (priceWei * 60n) / BigInt(Math.max(1, Math.round(durationSeconds)))

function Price({ offer }: { readonly offer: Offer }): ReactElement {
  if (offer.bought) return <p className="small">{text('paidAlready')}</p>
  return (
    <p className="price" title={`${ptiFromWei(offer.priceWei)} PTI`}>
      {formatPti(offer.priceWei)} PTI
    </p>
  )
}

type WatchProps = {
  readonly asked: Asked
  readonly offer: Offer
  readonly content: React.RefObject<HTMLDivElement | null>
  readonly agree: () => void
}

function WatchButton({ asked, offer, content, agree }: WatchProps): ReactElement {
  const { armed, judge } = usePress(content)
  const [refused, setRefused] = useState<'again' | 'covered'>()
  const press = (event: MouseEvent): void => {
    const judged = judge(event)
    if (judged === 'agreed') agree()
    else setRefused(judged)
  }
  if (refused === 'covered') {
    return (
      <>
        <p className="small" role="alert">
          {text('coveredNote')}
        </p>
        <Button kind="primary" onClick={() => void askBackground('window-open', { show: 'player', asked })}>
          {text('coveredAction')}
        </Button>
      </>
    )
  }
  const { bought, priceWei, hostsWei, payee } = offer
  return (
    <>
      <Button kind="primary" onClick={press} data-testid="watch" data-armed={armed}>
        {bought ? text('watchAgain') : text('watchFor', formatPti(priceWei))}
      </Button>
      <p className="small" data-testid="price-note">
        {bought ? (
          text('paidAlready')
        ) : (
          <>
            + {text('upToHosts', formatPti(hostsWei))} ·{' '}
            <span title={payee}>{text('toPayee', shortAddress(payee))}</span>
          </>
        )}
      </p>
      <p className="small" aria-live="polite">
        {refused === 'again' && text('pressAgain')}
      </p>
    </>
  )
}
