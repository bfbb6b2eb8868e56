import type { ReactElement } from 'react'
import type { BidView, EarnAsked } from '#bridge/earning.ts'
import { netRateWei } from '#market/auction.ts'
import { formatPti } from '#std/amount.ts'
import { Amount } from '#ui/amount.tsx'
import { askBackground } from '#ui/background.ts'
import { Button } from '#ui/button.tsx'
import { durationText, shortAddress } from '#ui/short-text.ts'
import { text } from '#ui/texts.ts'
import type { View } from './asked.ts'
import { EarnerStage } from './earner-stage.tsx'
import { FailurePanel } from './failure-panel.tsx'
import { Panel } from './panel.tsx'
import { useEarner } from './use-earner.ts'

type EarnerProps = { readonly asked: EarnAsked; readonly view: View }

/** The player of a tag that offers what others pay for being watched: from the bid to the last promise. */
export function EarnerPlayer({ asked, view }: EarnerProps): ReactElement {
  const { state, earnedWei, accept, look } = useEarner(asked)
  const again = <Button onClick={look}>{text('earnLookAgain')}</Button>
  switch (state.status) {
    case 'looking':
      return <Waiting view={view} title={text('earnLooking')} />
    case 'accepting':
      return <Waiting view={view} title={text('earnAccepting')} note={state.title} />
    case 'absent':
      return (
        <Panel view={view}>
          <Button kind="primary" onClick={() => void askBackground('window-open', { show: 'onboarding' })}>
            {text('earnAbsent')}
          </Button>
          <p className="small">{text('setUpNote')}</p>
        </Panel>
      )
    case 'locked':
      return (
        <Panel view={view}>
          <Button kind="primary" onClick={() => void askBackground('window-open', { show: 'unlock' })}>
            {text('earnLocked')}
          </Button>
          <p className="small">{text('unlockNote')}</p>
        </Panel>
      )
    case 'off':
      return (
        <Panel view={view}>
          <p className="headline">{text('earnOff')}</p>
          <Button kind="primary" onClick={() => void askBackground('window-open', { show: 'bids' })}>
            {text('earnTurnOn')}
          </Button>
          <p className="small">{text('earnOffNote')}</p>
        </Panel>
      )
    case 'none':
      return (
        <Panel view={view}>
          <p className="headline" role="status">
            {text('earnNone')}
          </p>
          {again}
        </Panel>
      )
    case 'offered':
      return (
        <Panel view={view}>
          <h2 className="headline">{state.bid.title}</h2>
          <BidFacts bid={state.bid} />
          <Button kind="primary" onClick={() => accept(state.bid.hash)} data-testid="earn">
            {text('earnFor', formatPti(netRateWei(state.bid) * BigInt(state.bid.length)))}
          </Button>
        </Panel>
      )
    case 'ready':
      return (
        <EarnerStage
          key={state.viewing.viewing}
          ready={state}
          earnedWei={earnedWei}
          view={view}
          look={look}
        />
      )
    case 'failed':
      return <FailurePanel view={view} failure={state.failure} again={look} />
  }
}

function BidFacts({ bid }: { readonly bid: BidView }): ReactElement {
  return (
    <>
      <p className="small">
        {durationText(bid.length)} ·{' '}
        <Amount wei={netRateWei(bid) * 60n} kind="earning" unit={text('ptiPerMinute')} testId="earn-rate" /> ·{' '}
        <span title={bid.payer}>{text('earnBy', shortAddress(bid.payer))}</span>
      </p>
      {(bid.visible > 0 || bid.challenge > 0) && (
        <p className="small">{text(bid.challenge > 0 ? 'earnChallenge' : 'earnVisible')}</p>
      )}
    </>
  )
}

type WaitingProps = { readonly view: View; readonly title: string; readonly note?: string }

function Waiting({ view, title, note }: WaitingProps): ReactElement {
  return (
    <Panel view={view} busy>
      <p className="headline" role="status">
        {title}
      </p>
      {note !== undefined && <p className="small">{note}</p>}
    </Panel>
  )
}
