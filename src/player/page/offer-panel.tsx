import { type MouseEvent, type ReactElement, useEffect, useRef, useState } from 'react'
import type { Asked, Offer } from '#bridge/shapes.ts'
import { formatPti, ptiFromWei } from '#std/amount.ts'
import { askBackground } from '#ui/background.ts'
import { Button } from '#ui/button.tsx'
import { durationText, shortAddress } from '#ui/short-text.ts'
import { text } from '#ui/texts.ts'
import type { View } from './asked.ts'
import { Panel } from './panel.tsx'
import { loadShaka } from './shaka.ts'
import { usePress } from './use-press.ts'

type OfferProps = {
  readonly view: View
  readonly asked: Asked
  readonly offer: Offer
  readonly locked: boolean
  readonly watch: (ticket: string, agreedWei: bigint, always: boolean) => void
  readonly reopen: () => void
}

/** The price, who gets it, and one button that says what it costs. */
export function OfferPanel({ view, asked, offer, locked, watch, reopen }: OfferProps): ReactElement {
  const content = useRef<HTMLDivElement>(null)
  const totalWei = offer.priceWei + offer.hostsWei
  const isShort = !offer.bought && offer.balanceWei < totalWei
  return (
    <Panel view={view} content={content}>
      <h2 className="headline">{offer.title}</h2>
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
          agree={always => watch(offer.ticket, totalWei, always)}
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
  readonly agree: (always: boolean) => void
}

function WatchButton({ asked, offer, content, agree }: WatchProps): ReactElement {
  const { armed, judge } = usePress(content)
  const [refused, setRefused] = useState<'again' | 'covered'>()
  const [always, setAlways] = useState(false)
  const { bought, priceWei, hostsWei, payee, site, isAgreed } = offer
  // Said yes to before, for this site: it starts once it is in plain sight, as if it had been pressed.
  const started = useRef(false)
  useEffect(() => {
    if (!isAgreed || bought || !armed || started.current) return
    started.current = true
    agree(false)
  }, [isAgreed, bought, armed, agree])
  // Whoever sees the price may press: the player is there then.
  useEffect(() => {
    if (armed) loadShaka().catch(() => undefined)
  }, [armed])
  const press = (event: MouseEvent): void => {
    const judged = judge(event)
    if (judged === 'agreed') agree(always)
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
      {site !== undefined && !bought && !isAgreed && (
        <label className="row small">
          <input
            type="checkbox"
            checked={always}
            onChange={event => setAlways(event.currentTarget.checked)}
          />
          {text('alwaysHere', formatPti(priceWei + hostsWei), new URL(site).host)}
        </label>
      )}
      <p className="small" aria-live="polite">
        {refused === 'again' && text('pressAgain')}
      </p>
    </>
  )
}
