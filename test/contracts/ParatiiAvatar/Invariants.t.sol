// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ParatiiAvatar} from "../../../contracts/ParatiiAvatar.sol";
import {IPaymentChannelsTypes} from "../../../contracts/interfaces/IPaymentChannelsTypes.sol";
import {Signature} from "../../../contracts/libraries/CompactSignatures.sol";
import {ChannelFixture} from "../support/ChannelFixture.sol";
import {Test} from "../support/Test.sol";

/// @dev Three users with paywalls and signers of their own, an operator that tries everything, a stranger, in any order.
contract AvatarHandler is ChannelFixture {
    uint256 private constant _USERS = 3;
    uint96 private constant _LANES = 3;
    address private constant _OPERATOR = address(0x0DE7);
    address private constant _STRANGER = address(0x5721);

    struct Book {
        bool managed;
        uint256 total; // of the mandate that stands
        uint256 daily;
        uint256 drawn;
        uint256 drawnToday;
        uint256 day;
        uint256 signed; // by the user's signer, or conceded by the user, in all
    }

    ParatiiAvatar private _avatar;
    Book[_USERS] private _books;
    uint256 private _now = 1_800_000_000;
    bool public broken;

    constructor() {
        deploy();
        _avatar = new ParatiiAvatar(token, channels, address(this));
        _avatar.setOperator(_OPERATOR, true);
        token.transfer(address(_avatar), 5 ether); // redistribution, which is no user's
        for (uint256 i; i < _USERS; ++i) {
            token.transfer(userOf(i), FUNDS);
            vm.prank(userOf(i));
            token.approve(address(_avatar), type(uint256).max);
        }
    }

    function setManaged(uint256 which, bool managed) external {
        Book storage book = pick(which);
        vm.prank(userOf(which % _USERS));
        token.setManaged(managed);
        book.managed = managed;
    }

    function setMandate(uint256 which, uint96 total, uint96 daily) external {
        Book storage book = pick(which);
        total = uint96(bound(total, 0, 30 ether));
        daily = uint96(bound(daily, 0, 10 ether));
        vm.prank(userOf(which % _USERS));
        _avatar.setMandate(paywallOf(which), vm.addr(signerKeyOf(which)), total, daily);
        (book.total, book.daily, book.drawn, book.drawnToday, book.day) = (total, daily, 0, 0, 0);
    }

    function deposit(uint256 which, uint256 lane, uint96 amount, bool byStranger) external {
        Book storage book = pick(which);
        amount = uint96(bound(amount, 1, 6 ether));
        vm.prank(byStranger ? _STRANGER : _OPERATOR);
        try _avatar.deposit(userOf(which % _USERS), uint96(lane % _LANES), amount) {
            draw(book, amount, byStranger);
        } catch {}
    }

    function topUp(uint256 which, uint256 lane, uint96 amount, bool byStranger) external {
        Book storage book = pick(which);
        amount = uint96(bound(amount, 1, 6 ether));
        uint40 counter = channels.channelOf(routeOf(which, lane)).counter;
        vm.prank(byStranger ? _STRANGER : _OPERATOR);
        try _avatar.topUp(userOf(which % _USERS), uint96(lane % _LANES), counter, amount) {
            draw(book, amount, byStranger);
        } catch {}
    }

    /// @dev What an operator could forge, and what needs the user's own signature.
    function steal(uint256 which, uint96 amount, uint256 how) external {
        pick(which);
        address user = userOf(which % _USERS);
        Signature memory forged = sign(0x0DE7, keccak256(abi.encode(which, amount, how)));
        vm.prank(_OPERATOR);
        if (how % 3 == 0) {
            try _avatar.spendTokens(user, _OPERATOR, amount, "", _now, forged) {
                broken = true;
            } catch {}
        } else if (how % 3 == 1) {
            try _avatar.setMandateBySignature(user, _OPERATOR, _OPERATOR, amount, amount, _now, forged) {
                broken = true;
            } catch {}
        } else {
            try token.transferFrom(user, _OPERATOR, amount) {
                if (amount != 0) broken = true;
            } catch {}
        }
    }

    function pay(uint256 which, uint256 lane, uint96 balance, bool bySigner) external {
        Book storage book = pick(which);
        IPaymentChannelsTypes.Route memory route = routeOf(which, lane);
        balance = uint96(bound(balance, 1, 6 ether));
        bytes32 id = channels.channelOf(route).id;
        uint256 key = bySigner ? signerKeyOf(which) : 0x0DE7;
        uint256 before = token.balanceOf(paywallOf(which));
        try channels.withdraw(route, balance, sign(key, digestOf("BalanceProof", id, balance))) {
            if (!bySigner) broken = true;
            book.signed += token.balanceOf(paywallOf(which)) - before;
        } catch {}
    }

    /// @dev The user can always close, managed or not, and has the rest a period later.
    function close(uint256 which, uint256 lane) external {
        pick(which);
        IPaymentChannelsTypes.Route memory route = routeOf(which, lane);
        IPaymentChannelsTypes.Channel memory channel = channels.channelOf(route);
        if (channel.deposit == 0) return;
        if (channel.end == 0) {
            vm.prank(route.payer);
            channels.uncooperativeClose(route, 0);
        } else if (channel.end <= _now) {
            channels.settle(route);
        }
    }

    function pass(uint256 time) external {
        _now += bound(time, 0, 2 * PERIOD);
    }

    function check() external view {
        uint256 open;
        for (uint256 i; i < _USERS; ++i) {
            uint256 held;
            for (uint256 lane; lane < _LANES; ++lane) {
                IPaymentChannelsTypes.Channel memory channel = channels.channelOf(routeOf(i, lane));
                held += channel.deposit - channel.withdrawn;
            }
            open += held;
            uint256 paid = token.balanceOf(paywallOf(i));
            assertEq(token.balanceOf(userOf(i)) + held + paid, FUNDS, "the user's own, in its channels, or its paywall's");
            assertEq(paid, _books[i].signed, "the paywall has what the user's signer signed");
        }
        assertEq(token.balanceOf(address(channels)), open, "nothing in other channels");
        assertEq(token.balanceOf(address(_avatar)), 5 ether, "redistribution is not touched");
        assertEq(token.balanceOf(_OPERATOR) + token.balanceOf(_STRANGER), 0, "operator and stranger have nothing");
        assertTrue(!broken, "within the limits that stand, by the operator, for managed users alone");
    }

    function draw(Book storage book, uint256 amount, bool byStranger) private {
        if (book.day != _now / 1 days) (book.day, book.drawnToday) = (_now / 1 days, 0);
        book.drawn += amount;
        book.drawnToday += amount;
        if (byStranger || !book.managed || book.drawn > book.total || book.drawnToday > book.daily) broken = true;
    }

    function pick(uint256 which) private returns (Book storage) {
        vm.warp(_now);
        return _books[which % _USERS];
    }

    function routeOf(uint256 which, uint256 lane) private view returns (IPaymentChannelsTypes.Route memory) {
        return IPaymentChannelsTypes.Route({
            payer: userOf(which % _USERS),
            payee: paywallOf(which),
            signer: vm.addr(signerKeyOf(which)),
            lane: channels.laneForDelegate(address(_avatar), uint96(lane % _LANES))
        });
    }

    function userOf(uint256 which) private pure returns (address) {
        return vm.addr(0xA0000 + which % _USERS);
    }

    function signerKeyOf(uint256 which) private pure returns (uint256) {
        return 0xB0000 + which % _USERS;
    }

    function paywallOf(uint256 which) private pure returns (address) {
        return address(uint160(0xC0000 + which % _USERS));
    }
}

contract ParatiiAvatarInvariantsTest is Test {
    AvatarHandler private _handler;
    address[] private _targets;

    function setUp() external {
        _handler = new AvatarHandler();
        _targets.push(address(_handler));
    }

    function targetContracts() external view returns (address[] memory) {
        return _targets;
    }

    function invariant_AnOperatorMovesNoTokensButIntoAChannelToTheUsersPaywallWithinItsLimits() external view {
        _handler.check();
    }
}
