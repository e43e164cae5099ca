"""Grants, as an expression of a question (https://www.postgresql.org/docs/current/ddl-priv.html)."""

from __future__ import annotations

__all__ = ["grants", "grants_if_any"]


def grants(acl: str, kind: str, owner: str) -> str:
    """What roles may do beyond what they may anyway, and what they may not though they might, as an array."""
    had = f"aclexplode(acldefault('{kind}', {owner}))"
    what = "grantee, privilege_type, is_grantable"
    return f"""ARRAY(
        SELECT CASE WHEN gone THEN 'REVOKE ' ELSE '' END || string_agg(privilege_type, ', ' ORDER BY privilege_type)
            || CASE WHEN gone THEN ' FROM ' ELSE ' TO ' END
            || CASE grantee WHEN 0 THEN 'PUBLIC' WHEN {owner} THEN 'CURRENT_USER'
                ELSE quote_ident(pg_get_userbyid(grantee)) END
            || CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
        FROM ((SELECT false AS gone, {what} FROM aclexplode({acl}) EXCEPT SELECT false, {what} FROM {had})
            UNION ALL (SELECT true, {what} FROM {had} EXCEPT SELECT true, {what} FROM aclexplode({acl}))) g
        GROUP BY gone, grantee, is_grantable ORDER BY 1)"""


def grants_if_any(acl: str, kind: str, owner: str) -> str:
    return f"CASE WHEN {acl} IS NOT NULL THEN {grants(acl, kind, owner)} END"
