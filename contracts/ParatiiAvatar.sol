// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {PaymentChannels} from "./PaymentChannels.sol";
import {IPaymentChannelsTypes} from "./interfaces/IPaymentChannelsTypes.sol";
import {CompactSignatures, Signature} from "./libraries/CompactSignatures.sol";
import {ParatiiToken} from "./ParatiiToken.sol";

/// @title Spends for users what they signed, and distributes redistribution
/// @notice Operators, whom the owner lists, relay what users signed. For users that are `managed` (see ParatiiToken) they
/// open and top up channels to the one paywall that the user named, within the limits that the user signed; what a
/// channel does not pay returns to the user. They can do nothing else, and nothing at all once the user has left.
/// @dev Token and channels are immutable. Users' tokens come by their allowance and go on in the same call, so that the
/// balance of this contract is redistribution alone. Users' ether is booked.
contract ParatiiAvatar is Ownable2Step, EIP712, Nonces {
    using SafeERC20 for IERC20;
    using CompactSignatures for bytes32;

    bytes32 private constant _SPEND_ETHER_TYPEHASH = keccak256(
        "SpendEther(address user,address to,uint256 amount,string description,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant _SPEND_TOKENS_TYPEHASH = keccak256(
        "SpendTokens(address user,address to,uint256 amount,string description,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant _SET_MANDATE_TYPEHASH = keccak256(
        "SetMandate(address user,address paywall,address signer,uint96 total,uint96 daily,uint256 nonce,uint256 deadline)"
    );

    /// @notice What a managed user lets operators deposit. Setting it again starts the counts anew.
    struct Mandate {
        address paywall; // the one payee
        uint96 total; // base units in all
        address signer; // of the user's balance proofs: never the operator's choice
        uint96 daily; // base units a day (UTC)
        uint96 spent;
        uint96 spentToday;
        uint32 day; // of spentToday, since 1970
    }

    /// @notice The token that is paid.
    ParatiiToken public immutable token;
    /// @notice Where operators deposit.
    PaymentChannels public immutable channels;

    mapping(address account => bool) private _operators;
    mapping(address user => Mandate) private _mandates;
    mapping(address user => uint256) private _ether;

    /// @notice `account` may, or no longer may, relay.
    event OperatorSet(address indexed account, bool allowed);
    /// @notice What operators may deposit for `user` from now on.
    event MandateSet(address indexed user, address indexed paywall, address signer, uint96 total, uint96 daily);
    /// @notice An operator deposited for a managed user.
    event Deposited(address indexed user, address indexed operator, bytes32 indexed channel, uint256 amount);
    /// @notice A user's ether came in.
    event EtherReceived(address indexed user, uint256 amount);
    /// @notice A user's ether went out.
    event EtherSpent(address indexed user, address indexed to, uint256 amount, string description);
    /// @notice A user's tokens went out.
    event TokensSpent(address indexed user, address indexed to, uint256 amount, string description);
    /// @notice Redistribution was paid out by the owner's decision.
    event Distributed(address indexed to, uint256 amount, string reason);

    /// @notice The sender is no operator.
    error ParatiiAvatar_NotOperator(address sender);
    /// @notice The user is not managed, or has left.
    error ParatiiAvatar_NotManaged(address user);
    /// @notice More than the user's mandate has left.
    error ParatiiAvatar_AboveLimit(uint256 left);
    /// @notice The signature is not the user's.
    error ParatiiAvatar_BadSignature();
    /// @notice The signature's deadline has passed.
    error ParatiiAvatar_Expired(uint256 deadline);
    /// @notice More than the user's ether.
    error ParatiiAvatar_TooLittleEther(uint256 held);
    /// @notice The receiver refused.
    error ParatiiAvatar_Refused(address to);
    /// @notice Receivers and amounts are not equally many.
    error ParatiiAvatar_BadLength();

    modifier onlyOperator() {
        if (!_operators[msg.sender]) revert ParatiiAvatar_NotOperator(msg.sender);
        _;
    }

    /// @param token_ The token that is paid.
    /// @param channels_ Where operators deposit.
    /// @param owner Who lists operators and distributes.
    constructor(ParatiiToken token_, PaymentChannels channels_, address owner) Ownable(owner) EIP712("Paratii", "1") {
        token = token_;
        channels = channels_;
        token_.approve(address(channels_), type(uint256).max);
    }

    /// @notice Books ether of the sender.
    receive() external payable {
        _ether[msg.sender] += msg.value;
        emit EtherReceived(msg.sender, msg.value);
    }

    // ------------------------------------------------------------------------------------------------- the owner

    /// @notice Lists an operator, or takes it off.
    function setOperator(address account, bool allowed) external onlyOwner {
        _operators[account] = allowed;
        emit OperatorSet(account, allowed);
    }

    /// @notice Pays redistribution out.
    function distribute(address[] calldata to, uint256[] calldata amounts, string calldata reason) external onlyOwner {
        if (to.length != amounts.length) revert ParatiiAvatar_BadLength();
        for (uint256 i; i < to.length; ++i) {
            emit Distributed(to[i], amounts[i], reason);
            IERC20(token).safeTransfer(to[i], amounts[i]);
        }
    }

    // -------------------------------------------------------------------------------------------------- the user

    /// @notice Sets what operators may deposit for the sender; zeros end it.
    function setMandate(address paywall, address signer, uint96 total, uint96 daily) external {
        _setMandate(msg.sender, paywall, signer, total, daily);
    }

    /// @notice The same for `user`, who signed SetMandate with its next nonce. Anybody may send it.
    function setMandateBySignature(
        address user,
        address paywall,
        address signer,
        uint96 total,
        uint96 daily,
        uint256 deadline,
        Signature calldata signature
    ) external {
        bytes32 structHash = keccak256(
            abi.encode(_SET_MANDATE_TYPEHASH, user, paywall, signer, total, daily, _useNonce(user), deadline)
        );
        _check(user, structHash, deadline, signature);
        _setMandate(user, paywall, signer, total, daily);
    }

    /// @notice Sends the sender's ether anywhere.
    function withdrawEther(address payable to, uint256 amount) external {
        _spendEther(msg.sender, to, amount, "");
    }

    // --------------------------------------------------------------------------------------------- the operators

    /// @notice Opens a channel of a managed user to its paywall.
    /// @return channel The channel's id.
    function deposit(address user, uint96 lane, uint96 amount) external onlyOperator returns (bytes32 channel) {
        Mandate storage mandate = _draw(user, amount);
        channel = channels.createChannelDelegate(user, mandate.paywall, mandate.signer, lane, amount);
        emit Deposited(user, msg.sender, channel, amount);
    }

    /// @notice Tops up a channel that `deposit` opened.
    function topUp(address user, uint96 lane, uint40 counter, uint96 amount) external onlyOperator {
        Mandate storage mandate = _draw(user, amount);
        IPaymentChannelsTypes.Route memory route = IPaymentChannelsTypes.Route({
            payer: user,
            payee: mandate.paywall,
            signer: mandate.signer,
            lane: channels.laneForDelegate(address(this), lane)
        });
        channels.topUpDelegate(route, counter, amount);
        emit Deposited(user, msg.sender, channels.idOfChannel(route, counter), amount);
    }

    /// @notice Sends ether of a user, who signed SpendEther with its next nonce.
    function spendEther(
        address user,
        address payable to,
        uint256 amount,
        string calldata description,
        uint256 deadline,
        Signature calldata signature
    ) external onlyOperator {
        _checkSpend(_SPEND_ETHER_TYPEHASH, user, to, amount, description, deadline, signature);
        _spendEther(user, to, amount, description);
    }

    /// @notice Sends tokens of a user's allowance, who signed SpendTokens with its next nonce.
    function spendTokens(
        address user,
        address to,
        uint256 amount,
        string calldata description,
        uint256 deadline,
        Signature calldata signature
    ) external onlyOperator {
        _checkSpend(_SPEND_TOKENS_TYPEHASH, user, to, amount, description, deadline, signature);
        emit TokensSpent(user, to, amount, description);
        IERC20(token).safeTransferFrom(user, to, amount);
    }

    // ---------------------------------------------------------------------------------------------------- reading

    /// @notice Whether an account may relay.
    function isOperator(address account) external view returns (bool) {
        return _operators[account];
    }

    /// @notice What operators may deposit for a user, and did.
    function mandateOf(address user) external view returns (Mandate memory) {
        return _mandates[user];
    }

    /// @notice A user's ether.
    function etherOf(address user) external view returns (uint256) {
        return _ether[user];
    }

    /// @notice The EIP-712 domain separator of this contract.
    function domainSeparator() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    // -------------------------------------------------------------------------------------------------- internals

    /// @dev Takes a managed user's tokens within its mandate; the caller puts them into a channel at once.
    function _draw(address user, uint96 amount) private returns (Mandate storage mandate) {
        if (!token.isManaged(user)) revert ParatiiAvatar_NotManaged(user);
        mandate = _mandates[user];
        uint32 day = uint32(block.timestamp / 1 days);
        if (mandate.day != day) (mandate.day, mandate.spentToday) = (day, 0);
        uint96 left = mandate.total - mandate.spent;
        uint96 leftToday = mandate.daily - mandate.spentToday;
        if (leftToday < left) left = leftToday;
        if (amount > left) revert ParatiiAvatar_AboveLimit(left);
        mandate.spent += amount;
        mandate.spentToday += amount;
        IERC20(token).safeTransferFrom(user, address(this), amount);
    }

    function _setMandate(address user, address paywall, address signer, uint96 total, uint96 daily) private {
        _mandates[user] = Mandate(paywall, total, signer, daily, 0, 0, 0);
        emit MandateSet(user, paywall, signer, total, daily);
    }

    function _spendEther(address user, address payable to, uint256 amount, string memory description) private {
        uint256 held = _ether[user];
        if (amount > held) revert ParatiiAvatar_TooLittleEther(held);
        unchecked {
            _ether[user] = held - amount;
        }
        emit EtherSpent(user, to, amount, description);
        (bool ok,) = to.call{value: amount}("");
        if (!ok) revert ParatiiAvatar_Refused(to);
    }

    function _checkSpend(
        bytes32 typeHash,
        address user,
        address to,
        uint256 amount,
        string calldata description,
        uint256 deadline,
        Signature calldata signature
    ) private {
        bytes32 descriptionHash = keccak256(bytes(description));
        bytes32 structHash =
            keccak256(abi.encode(typeHash, user, to, amount, descriptionHash, _useNonce(user), deadline));
        _check(user, structHash, deadline, signature);
    }

    function _check(address user, bytes32 structHash, uint256 deadline, Signature calldata signature) private view {
        if (block.timestamp > deadline) revert ParatiiAvatar_Expired(deadline);
        address signer = _hashTypedDataV4(structHash).recover(signature);
        if (signer == address(0) || signer != user) revert ParatiiAvatar_BadSignature();
    }
}
