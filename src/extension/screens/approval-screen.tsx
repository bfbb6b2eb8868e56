import { type ReactElement, useEffect, useState } from 'react'
import type { Approval } from '#bridge/provider.ts'
import { askBackground } from '#ui/background.ts'
import { Button } from '#ui/button.tsx'
import { Notice } from '#ui/notice.tsx'
import { shortAddress } from '#ui/short-text.ts'
import { type TextKey, text } from '#ui/texts.ts'
import { ApprovalDetails } from './approval-details.tsx'
import { Screen } from './screen.tsx'
import { useAsking } from './use-asking.ts'

/** A window that opens under a finger that is about to press something else must not take that for a yes. */
const armedAfterMs = 600

const titles: Readonly<Record<Approval['asks'], TextKey>> = {
  connect: 'approveConnect',
  allow: 'approveAllow',
  message: 'approveMessage',
  typed: 'approveTyped',
  transaction: 'approveTransaction',
  network: 'approveNetwork',
}
const yes: Readonly<Record<Approval['asks'], TextKey>> = {
  connect: 'yesConnect',
  allow: 'yesAllow',
  message: 'yesSign',
  typed: 'yesSign',
  transaction: 'yesSend',
  network: 'yesNetwork',
}
const warnings: Readonly<Record<Approval['warnings'][number], TextKey>> = {
  'moves-money': 'warnMovesMoney',
  'other-site': 'warnOtherSite',
  'not-text': 'warnNotText',
  unlimited: 'warnUnlimited',
  'will-fail': 'warnWillFail',
  'unknown-call': 'warnUnknownCall',
}

/** What a site asks for, in words, and the two answers. */
export function ApprovalScreen({
  approval,
  more,
}: {
  readonly approval: Approval
  /** How many wait behind it. */
  readonly more: number
}): ReactElement {
  const [armed, setArmed] = useState(false)
  const { busy, failure, run } = useAsking()
  useEffect(() => {
    const timer = setTimeout(() => setArmed(true), armedAfterMs)
    return () => clearTimeout(timer)
  }, [])
  const answer = (isYes: boolean): void =>
    void run(async () => void (await askBackground('approval-answer', { id: approval.id, isYes })))
  return (
    <Screen title={text(titles[approval.asks])}>
      <p className="site" data-testid="approval-origin">
        {approval.origin}
      </p>
      <ApprovalDetails approval={approval} />
      {approval.warnings.map(warning => (
        <Notice key={warning} loss>
          {text(warnings[warning])}
        </Notice>
      ))}
      <p className="small quiet">
        {text('withAccount')} <span title={approval.account}>{shortAddress(approval.account)}</span>
        {more > 0 && ` · ${text('moreWaiting', String(more))}`}
      </p>
      {failure !== undefined && <Notice loss>{failure}</Notice>}
      <div className="row answers">
        <Button onClick={() => answer(false)} busy={busy}>
          {text('no')}
        </Button>
        <Button
          kind={approval.warnings.length > 0 ? 'danger' : 'primary'}
          onClick={() => answer(true)}
          busy={busy}
          disabled={!armed}
          data-testid="approval-yes"
        >
          {text(yes[approval.asks])}
        </Button>
      </div>
    </Screen>
  )
}
