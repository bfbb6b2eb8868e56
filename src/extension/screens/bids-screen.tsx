import { type FormEvent, type ReactElement, useState } from 'react'
import type { Attention, BidView } from '#bridge/earning.ts'
import { netRateWei } from '#market/auction.ts'
import { parsePti, ptiFromWei } from '#std/amount.ts'
import { Amount } from '#ui/amount.tsx'
import { askBackground } from '#ui/background.ts'
import { Button } from '#ui/button.tsx'
import { Field } from '#ui/field.tsx'
import { Notice } from '#ui/notice.tsx'
import { durationText, shortAddress } from '#ui/short-text.ts'
import { text } from '#ui/texts.ts'
import { Screen } from './screen.tsx'
import { useAsking } from './use-asking.ts'

/** What others bid for the person's time, and what of it is taken. */
export function BidsScreen({ attention }: { readonly attention: Attention }): ReactElement {
  const { busy, failure, run } = useAsking()
  return (
    <Screen title={text('bids')}>
      <p className="quiet">{text('bidsLead')}</p>
      <label className="row">
        <input
          type="checkbox"
          checked={attention.isOn}
          disabled={busy}
          onChange={event => {
            const isOn = event.currentTarget.checked
            void run(async () => void (await askBackground('attention-set', { ...attention, isOn })))
          }}
        />
        {text('bidsOn')}
      </label>
      {failure !== undefined && <Notice loss>{failure}</Notice>}
      {attention.isOn && (
        <>
          <BidList />
          <AttentionForm attention={attention} />
        </>
      )}
      <p className="small quiet">{text('bidsProof')}</p>
    </Screen>
  )
}

function BidList(): ReactElement {
  const [bids, setBids] = useState<readonly BidView[]>()
  const { busy, failure, run } = useAsking()
  const look = (): void => void run(async () => setBids((await askBackground('bids-look', {})).bids))
  const watch = ({ hash: bid }: BidView): void =>
    void run(async () => {
      await askBackground('bid-press', { bid })
      await askBackground('window-open', { show: 'earner' })
    })
  return (
    <section className="stack">
      <Button wide busy={busy} onClick={look}>
        {text(busy ? 'earnLooking' : 'bidsLook')}
      </Button>
      {failure !== undefined && <Notice loss>{failure}</Notice>}
      {bids?.length === 0 && (
        <p className="quiet small" role="status">
          {text('bidsNone')}
        </p>
      )}
      <ol className="stack" data-testid="bids">
        {bids?.map(bid => (
          <li key={bid.hash} className="stack tight">
            <div className="row apart">
              <span className="title">{bid.title}</span>
              <Amount
                wei={netRateWei(bid) * 60n}
                kind="earning"
                unit={text('ptiPerMinute')}
                testId="bid-rate"
              />
            </div>
            <p className="small quiet">
              {durationText(bid.length)} ·{' '}
              <span title={bid.payer}>{text('earnBy', shortAddress(bid.payer))}</span>
            </p>
            {(bid.visible > 0 || bid.challenge > 0) && (
              <p className="small quiet">{text(bid.challenge > 0 ? 'earnChallenge' : 'earnVisible')}</p>
            )}
            <div className="row">
              <Button kind="primary" disabled={busy} onClick={() => watch(bid)}>
                {text('bidAccept')}
              </Button>
              <Button kind="plain" onClick={() => setBids(bids.filter(other => other !== bid))}>
                {text('bidRefuse')}
              </Button>
            </div>
          </li>
        ))}
      </ol>
    </section>
  )
}

const secondsAMinute = 60n
const mostMinutes = 1440
const crumbWei = 1_000_000n

function AttentionForm({ attention }: { readonly attention: Attention }): ReactElement {
  const [minimum, setMinimum] = useState(perMinuteText(attention.minimumWei))
  const [perDay, setPerDay] = useState(String(attention.secondsPerDay / 60))
  const [perAdvertiser, setPerAdvertiser] = useState(String(attention.secondsPerAdvertiser / 60))
  const [isAutomatic, setAutomatic] = useState(attention.isAutomatic)
  const [tried, setTried] = useState(false)
  const [saved, setSaved] = useState(false)
  const { busy, failure, run } = useAsking()
  const perMinuteWei = parsePti(minimum.trim())
  const [secondsPerDay, secondsPerAdvertiser] = [secondsOf(perDay), secondsOf(perAdvertiser)]
  const save = (event: FormEvent): void => {
    event.preventDefault()
    setTried(true)
    if (perMinuteWei === undefined || secondsPerDay === undefined || secondsPerAdvertiser === undefined)
      return
    // Rounded up: a bid below what was typed is never shown.
    const minimumWei = (perMinuteWei + secondsAMinute - 1n) / secondsAMinute
    void run(async () => {
      await askBackground('attention-set', {
        ...attention,
        minimumWei,
        isAutomatic,
        secondsPerDay,
        secondsPerAdvertiser,
      })
      setSaved(true)
    })
  }
  const typing = (set: (typed: string) => void) => (typed: string) => {
    setSaved(false)
    set(typed)
  }
  const wrongMinutes = (seconds: number | undefined): string | undefined =>
    tried && seconds === undefined ? text('minutesWrong') : undefined
  return (
    <form className="stack ruled-above" onSubmit={save} noValidate>
      <Field
        label={text('bidsMinimum')}
        value={minimum}
        onText={typing(setMinimum)}
        wrong={tried && perMinuteWei === undefined ? text('amountWrong') : undefined}
      />
      <label className="row">
        <input
          type="checkbox"
          checked={isAutomatic}
          onChange={event => {
            setSaved(false)
            setAutomatic(event.currentTarget.checked)
          }}
        />
        {text('bidsAutomatic')}
      </label>
      {isAutomatic && (
        <>
          <Field
            label={text('bidsPerDay')}
            value={perDay}
            onText={typing(setPerDay)}
            wrong={wrongMinutes(secondsPerDay)}
          />
          <Field
            label={text('bidsPerAdvertiser')}
            value={perAdvertiser}
            onText={typing(setPerAdvertiser)}
            wrong={wrongMinutes(secondsPerAdvertiser)}
          />
        </>
      )}
      {failure !== undefined && <Notice loss>{failure}</Notice>}
      <div className="row">
        <Button kind="primary" type="submit" busy={busy}>
          {text('save')}
        </Button>
        <span className="small quiet" aria-live="polite">
          {saved && text('saved')}
        </span>
      </div>
    </form>
  )
}

/** A rate a second as it was typed for a minute: without the crumbs of its division. */
const perMinuteText = (wei: bigint): string => ptiFromWei(((wei * secondsAMinute) / crumbWei) * crumbWei)

/** Undefined for what is no number of minutes of a day. */
const secondsOf = (minutes: string): number | undefined =>
  /^\d{1,4}$/.test(minutes.trim()) && Number(minutes) <= mostMinutes ? Number(minutes) * 60 : undefined
