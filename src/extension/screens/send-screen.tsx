import { type FormEvent, type ReactElement, useState } from 'react'
import type { RequestParams } from '#bridge/contract.ts'
import type { Home } from '#bridge/shapes.ts'
import { formatPti, parsePti, ptiFromWei } from '#std/amount.ts'
import type { Address } from '#std/brand.ts'
import { askBackground } from '#ui/background.ts'
import { Button } from '#ui/button.tsx'
import { Field } from '#ui/field.tsx'
import { Notice } from '#ui/notice.tsx'
import { text } from '#ui/texts.ts'
import { Screen } from './screen.tsx'
import { useAsking } from './use-asking.ts'

type SendProps = { readonly home: Home; readonly back: () => void }
type Checked = RequestParams<'send'> & { readonly willFail: boolean }

/** Sends PTI, or ether with a few words: first what it costs, then one button with the amount on it. */
export function SendScreen({ home, back }: SendProps): ReactElement {
  const [token, setToken] = useState<'PTI' | 'ETH'>('PTI')
  const [to, setTo] = useState('')
  const [amount, setAmount] = useState('')
  const [description, setDescription] = useState('')
  const [tried, setTried] = useState(false)
  const [checked, setChecked] = useState<Checked>()
  const { busy, failure, run } = useAsking()
  const haveWei = (token === 'PTI' ? home.balanceWei : home.etherWei) ?? 0n
  const wei = parsePti(amount.trim())
  const address = /^0x[0-9a-fA-F]{40}$/.test(to.trim()) ? (to.trim().toLowerCase() as Address) : undefined
  const isWrong = wei === undefined || wei === 0n || wei > haveWei || address === undefined
  const check = (event: FormEvent): void => {
    event.preventDefault()
    setTried(true)
    if (isWrong) return
    const asked = {
      token,
      to: address,
      wei,
      ...(token === 'ETH' && description !== '' ? { description } : {}),
    }
    void run(async () => {
      const { feeWei, willFail } = await askBackground('send-quote', asked)
      setChecked({ ...asked, feeMaxWei: feeWei, willFail })
    })
  }
  if (checked !== undefined)
    return <ConfirmSend checked={checked} home={home} change={() => setChecked(undefined)} done={back} />
  return (
    <Screen title={text('send')} back={back}>
      <form className="stack" onSubmit={check} noValidate>
        <div className="field">
          <label htmlFor="token">{text('what')}</label>
          <select
            id="token"
            value={token}
            onChange={event => setToken(event.currentTarget.value === 'ETH' ? 'ETH' : 'PTI')}
          >
            <option value="PTI">PTI</option>
            <option value="ETH">ETH</option>
          </select>
        </div>
        <Field
          label={text('sendTo')}
          value={to}
          onText={setTo}
          spellCheck={false}
          autoComplete="off"
          wrong={tried && address === undefined ? text('addressWrong') : undefined}
        />
        <Field
          label={text('amount')}
          value={amount}
          onText={setAmount}
          inputMode="decimal"
          hint={text('youHave', formatPti(haveWei), token)}
          wrong={
            tried && (wei === undefined || wei === 0n)
              ? text('amountWrong')
              : tried && wei !== undefined && wei > haveWei
                ? text('amountTooMuch')
                : undefined
          }
        />
        {token === 'ETH' && (
          <Field
            label={text('whatFor')}
            hint={text('whatForHint')}
            value={description}
            maxLength={200}
            onText={setDescription}
          />
        )}
        {failure !== undefined && <Notice loss>{failure}</Notice>}
        <Button kind="primary" type="submit" busy={busy}>
          {text('continue')}
        </Button>
      </form>
    </Screen>
  )
}

type ConfirmProps = {
  readonly checked: Checked
  readonly home: Home
  readonly change: () => void
  readonly done: () => void
}

function ConfirmSend({ checked, home, change, done }: ConfirmProps): ReactElement {
  const { willFail, ...asked } = checked
  const { token, to, wei, feeMaxWei, description } = asked
  const { busy, failure, run } = useAsking()
  const needsWei = feeMaxWei + (token === 'ETH' ? wei : 0n)
  const lacksEther = home.etherWei !== undefined && home.etherWei < needsWei
  return (
    <Screen title={text('sendCheck')} back={change}>
      <dl className="facts">
        <div>
          <dt>{text('sendTo')}</dt>
          <dd>
            <code>{to}</code>
          </dd>
        </div>
        <div>
          <dt>{text('amount')}</dt>
          <dd>
            {ptiFromWei(wei)} {token}
          </dd>
        </div>
        {description !== undefined && (
          <div>
            <dt>{text('whatFor')}</dt>
            <dd>{description}</dd>
          </div>
        )}
        <div>
          <dt>{text('feeMost')}</dt>
          <dd>{formatPti(feeMaxWei)} ETH</dd>
        </div>
      </dl>
      {lacksEther && <Notice loss>{text('sendNeedsEther', formatPti(needsWei))}</Notice>}
      {willFail && !lacksEther && <Notice loss>{text('warnWillFail')}</Notice>}
      {failure !== undefined && <Notice loss>{failure}</Notice>}
      <Button
        kind="primary"
        wide
        busy={busy}
        disabled={lacksEther || willFail}
        onClick={() =>
          void run(async () => {
            await askBackground('send', asked)
            done()
          })
        }
      >
        {text('sendAmount', `${formatPti(wei)} ${token}`)}
      </Button>
      <p className="small quiet">{text('sendForGood')}</p>
    </Screen>
  )
}
