// Evaluator answers what SeaweedFS's policy engine says about requests: one JSON object a line in, one word a line out.
//
// It is a third reading of policy documents, by people who know neither the product nor the simulator.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	engine "github.com/seaweedfs/seaweedfs/weed/s3api/policy_engine"
)

// Request is one question. Whoever is meant by one of the principals is meant by the statement.
type Request struct {
	Policy     string              `json:"policy"`
	Action     string              `json:"action"`
	Resource   string              `json:"resource"`
	Principals []string            `json:"principals"`
	Keys       map[string][]string `json:"keys"`
}

const bucket = "policy"

func answer(line []byte) (string, error) {
	var asked Request
	if err := json.Unmarshal(line, &asked); err != nil {
		return "", err
	}
	judge := engine.NewPolicyEngine()
	if err := judge.SetBucketPolicy(bucket, asked.Policy); err != nil {
		return "", err
	}
	word := "not_allowed"
	for _, principal := range asked.Principals {
		said := judge.EvaluatePolicy(bucket, &engine.PolicyEvaluationArgs{
			Action:     asked.Action,
			Resource:   asked.Resource,
			Principal:  principal,
			Conditions: asked.Keys,
		})
		switch said {
		case engine.PolicyResultDeny:
			return "denied", nil
		case engine.PolicyResultAllow:
			word = "allowed"
		}
	}
	return word, nil
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		word, err := answer(lines.Bytes())
		if err != nil {
			word = "refused: " + err.Error()
		}
		fmt.Println(word)
	}
}
