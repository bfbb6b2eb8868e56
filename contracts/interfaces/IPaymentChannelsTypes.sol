// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Signature} from "../libraries/CompactSignatures.sol";

/// @title What payment channels take, answer, log and refuse
interface IPaymentChannelsTypes {
    /// @notice Who pays whom. One channel can be open in each lane of a pair at a time; they are numbered from 1.
    struct Route {
        address payer;
        address payee;
        address signer; // the key that signs balance proofs
        uint96 lane; // the payer's choice
    }

    /// @notice One item of a batch: a balance proof of the payer's signer.
    struct PackedProof {
        uint256 payerAndLane; // payer << 96 | lane
        uint256 signerAndBalance; // signer << 96 | cumulative balance
        Signature proof;
    }

    /// @notice A payee's yes to a bid, which it signed: by the second, at `rate`, for `length` seconds.
    struct Acceptance {
        bytes32 bid; // hash of the bid
        address payer;
        address payee;
        address signer; // of the payer's balance proofs
        bytes32 video;
        bytes32 format;
        bytes32 root; // of the format's directory
        uint96 rate; // PTI base units a second
        uint32 chunkSeconds;
        uint32 length; // seconds
        uint40 validUntil; // unix seconds; void from then on
    }

    /// @notice A lane as it stands.
    struct Channel {
        bytes32 id; // of the channel that is or was last open there; zero if none ever was
        uint40 counter;
        uint96 deposit; // zero: not open
        uint96 withdrawn;
        uint40 end; // of the challenge period; zero until a close is asked for
    }

    /// @notice Why an item of a batch paid nothing.
    enum SkipReason {
        NotOpen,
        Stale,
        Ended,
        BadSignature
    }

    /// @notice `payer` opened a channel to `payee`. Its id is keccak256(abi.encode(keccak256(abi.encode(payer, payee, signer,
    /// lane)), number)).
    /// @param signerAndLane signer << 96 | lane.
    /// @param numberAndDeposit number << 96 | deposit.
    event ChannelCreated(
        address indexed payer, address indexed payee, uint256 signerAndLane, uint256 numberAndDeposit
    );
    /// @notice What the channel is for, if its payee said so beforehand.
    event TermsAccepted(
        bytes32 indexed channel,
        bytes32 indexed video,
        bytes32 indexed bid,
        bytes32 format,
        bytes32 root,
        uint96 rate,
        uint32 chunkSeconds,
        uint32 length
    );
    /// @notice The deposit grew by `added`.
    event ChannelToppedUp(bytes32 indexed channel, uint256 added);
    /// @notice The payee has been paid `balance` in all.
    event ChannelWithdrawn(bytes32 indexed channel, uint256 balance);
    /// @notice An item of a batch paid nothing.
    event WithdrawalSkipped(bytes32 indexed channel, SkipReason reason);
    /// @notice The payer wants to end the channel and concedes `balance`; newer proofs are paid until `end`.
    event CloseRequested(bytes32 indexed channel, uint256 balance, uint40 end);
    /// @notice The channel ended; its payee got `balance` in all, its payer the rest of the deposit.
    event ChannelSettled(bytes32 indexed channel, uint256 balance);
    /// @notice Seconds that a channel with terms has paid for.
    event SecondsPaid(bytes32 indexed channel, uint256 paidSeconds);

    /// @notice A channel is open in this lane already.
    error PaymentChannels_Exists(bytes32 channel);
    /// @notice No channel is open there, or another one than was named.
    error PaymentChannels_NotOpen();
    /// @notice A payee, payer or signer of zero.
    error PaymentChannels_BadRoute();
    /// @notice Nothing, more than a channel holds, or not what was agreed.
    error PaymentChannels_BadDeposit(uint256 deposit);
    /// @notice A close has been asked for.
    error PaymentChannels_Closing(bytes32 channel);
    /// @notice No close was asked for, or its period is not over.
    error PaymentChannels_NotEnded(uint256 end);
    /// @notice The challenge period is over: what is left is settled.
    error PaymentChannels_Ended(uint256 end);
    /// @notice Not more than was paid already.
    error PaymentChannels_Stale(uint256 balance);
    /// @notice Below what was withdrawn, or above the deposit.
    error PaymentChannels_BadBalance(uint256 balance);
    /// @notice A signature is not that of the one who had to sign.
    error PaymentChannels_BadSignature();
    /// @notice The sender may not do this.
    error PaymentChannels_NotAllowed(address sender);
    /// @notice The acceptance is void.
    error PaymentChannels_Expired(uint256 validUntil);
    /// @notice Tokens came with data that mean nothing here.
    error PaymentChannels_BadData();
}
